"""A storm in a job of a site's Slurm, for which the local cluster of two nodes stands."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from launching import SECONDS
from local_cluster import Cluster, only_root
from site_user import public_python

from hpcpy.build.current import is_current_sif
from hpcpy.build.plan import make_plan
from hpcpy.core import paths
from sharedfs.samples import TEMPERATURES

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def _has_images(cluster: Cluster) -> None:  # noqa: ARG001
    needs("hpcpy")


def needs(name: str) -> None:
    plan = make_plan()
    if not is_current_sif(plan, plan.graph.image(name)):
        pytest.skip(f"build/{name}.sif: not of these sources; run: ./hpcpy build sif {name}")


def written(cluster: Cluster, folder: Path, *words: str) -> Path:
    """Have a script printed that measures in a folder, and write it there."""
    where = (f"--folder={folder}", f"--out={folder}", "--programs=numpy")
    program = (sys.executable, paths.ROOT / "benchmarks/storm.py", "--site=local")
    done = cluster.run(*program, *where, *words)
    assert done.returncode == 0, done.stderr
    script = folder / "storm.sbatch"
    script.write_text(done.stdout)
    return script


def submitted(cluster: Cluster, script: Path, *before: str) -> str:
    """Submit a script; return the job's number."""
    said = script.parent / "%j.out"
    sbatch = (cluster.layout.bin / "sbatch", "--parsable", f"--output={said}", script)
    done = cluster.run(*before, *sbatch)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def waited(cluster: Cluster, said: Path) -> str:
    """Wait until a job is over; return what it printed."""
    end = time.monotonic() + SECONDS
    while cluster.run("squeue", "--noheader", f"--jobs={said.stem}").stdout:
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.2)
    return said.read_text()


def report(cluster: Cluster, number: str) -> dict[str, Any]:
    said = waited(cluster, cluster.shared / f"{number}.out")
    path = cluster.shared / f"storm-{number}.json"
    assert path.exists(), said
    assert path.with_suffix(".png").stat().st_size > 10_000, said
    assert "| CPU, s |" in said
    return dict(json.loads(path.read_text()))


def nothing_is_left(cluster: Cluster, number: str) -> bool:
    names = f"ls /tmp | grep -E '^(storm|hpcpy)-{number}'"
    on_nodes = cluster.srun("-N2", "sh", "-c", f"{names} || true").stdout
    return (on_nodes, (cluster.shared / f"storm-{number}").exists()) == ("", False)


def test_the_job_of_a_script_measures_on_its_nodes(cluster: Cluster) -> None:
    words = ("--nodes=2", "--ranks=2", "--repetitions=1", "--configurations=static-sif-shared")
    number = submitted(cluster, written(cluster, cluster.shared, *words))
    told = report(cluster, number)
    assert (told["site"], told["job_nodes"]) == ("local", 2)
    assert told["file_system"]
    assert [one["temperature"] for one in told["samples"]] == [*TEMPERATURES]
    for one in told["samples"]:
        assert (one["nodes"], one["ranks"], one["asked"]) == (2, 2, [])
        assert one["ranks_told"]["rank"] == [0, 1, 2, 3]
        assert Counter(one["ranks_told"]["node"]) == {"n1": 2, "n2": 2}
        told_by = [one["ranks_told"][name] for name in ("begin", "imported", "done", "cpu")]
        for begin, imported, done, cpu in zip(*told_by, strict=True):
            assert begin < imported <= done
            assert cpu > 0
    assert nothing_is_left(cluster, number)


def test_trees_and_copies_need_neither_root_nor_a_mount_of_ours(cluster: Cluster) -> None:
    needs("wheels")
    names = ["venv", "venv-broadcast", "conda-staged", "static-files", "static-sif-staged"]
    words = ("--nodes=1,2", "--ranks=2", "--repetitions=1", f"--configurations={','.join(names)}")
    number = submitted(cluster, written(cluster, cluster.shared, *words))
    told = report(cluster, number)
    cases = [(one["nodes"], one["configuration"]) for one in told["samples"]]
    assert cases == [(nodes, name) for nodes in (1, 2) for name in names for _ in TEMPERATURES]
    for one in told["samples"]:
        # The first ones: the last one copies.
        nodes = Counter(one["ranks_told"]["node"])
        assert nodes == {f"n{number + 1}": 2 for number in range(one["nodes"])}
    assert nothing_is_left(cluster, number)


def test_a_cancelled_job_leaves_its_samples_and_nothing_else(cluster: Cluster) -> None:
    words = ("--nodes=2", "--ranks=1", "--repetitions=99", "--configurations=static-sif-staged")
    number = submitted(cluster, written(cluster, cluster.shared, *words))
    unfinished = f"storm-{number}.unfinished.json"
    cluster.wait_for_files(unfinished, timeout=SECONDS)
    assert cluster.run("scancel", number).returncode == 0
    waited(cluster, cluster.shared / f"{number}.out")
    told = json.loads((cluster.shared / unfinished).read_text())
    assert len(told["samples"]) % 2 == 0
    end = time.monotonic() + SECONDS
    # The job is over for Slurm while its script still removes.
    while not nothing_is_left(cluster, number):
        assert time.monotonic() < end
        time.sleep(0.2)


def checkout_of(uid: int, folder: Path) -> Path:
    """Have a checkout that is an ordinary user's, with this one's images."""
    made = folder / "checkout"
    for name in ("benchmarks", "src", "env", "containers", "recipes"):
        shutil.copytree(paths.ROOT / name, made / name)
    for name in ("hpcpy", "pyproject.toml"):
        shutil.copy(paths.ROOT / name, made / name)
    (made / "build").mkdir()
    for name in ("startup", "tools", *(path.name for path in paths.BUILD.glob("*.sif*"))):
        (made / "build" / name).symlink_to(paths.BUILD / name)
    for path in (folder, made, made / "build"):
        shutil.chown(path, uid, uid)
    return made


@only_root
def test_an_ordinary_user_measures_and_what_fails_is_left_out(cluster: Cluster) -> None:
    needs("wheels")
    # Their ranks mount trees by themselves; without MPI nothing can be sent.
    words = ("--nodes=2", "--ranks=2", "--repetitions=1", "--mpi=none")
    folder = cluster.shared / "user"
    theirs = checkout_of(65534, folder)
    cluster.shared.chmod(0o755)
    script = written(cluster, folder, *words, "--configurations=venv-broadcast,static-files")
    text = script.read_text().replace(sys.executable, public_python())
    script.write_text(text.replace(str(paths.ROOT / "benchmarks"), str(theirs / "benchmarks")))
    as_user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    number = submitted(cluster, script, *as_user, "env", f"HOME={folder}")
    said = waited(cluster, folder / f"{number}.out")
    told = json.loads((folder / f"storm-{number}.json").read_text())
    assert list(told["failed"]) == ["venv-broadcast"], said
    assert "MPI sees one rank in each process" in told["failed"]["venv-broadcast"]
    assert said.count("storm.py: not venv-broadcast: 0 of 4 ranks reported") == 1
    assert [one["configuration"] for one in told["samples"]] == ["static-files"] * 2
    assert not (folder / f"storm-{number}").exists()
    assert nothing_is_left(cluster, number)
