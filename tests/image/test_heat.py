"""Heat on a plate: the same bytes by all techniques, any ranks, after a kill; wrong ones."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from needed import need, plotted

from running import (
    in_own_process,
    on_ranks,
    printed,
    start_ranks,
    wait_until,
    workload_on,
)
from tiers import sampled
from workloads.heat.plate import Plate, R
from workloads.heat.registry import TECHNIQUES

# Those of ranks end with the one that needs a file.
*ON_RANKS, CHECKPOINT = (name for name, one in TECHNIQUES.items() if one.parallel == "ranks")
ALONE = [
    name
    for name, one in TECHNIQUES.items()
    if one.parallel not in ("ranks", "device") and name not in ("dask", "jax")
]
# The image has none: tests/packages runs it beside the image's Python.
ALONE += [] if TECHNIQUES["jax"].why_not() else ["jax"]


def solved(size: int, names: Sequence[str], tmp_path: Path, *options: Any) -> list[dict[str, Any]]:
    report = tmp_path / "heat.json"
    words = ["--impl", ",".join(names), "--repeat", 1, "--json", report, *options]
    printed(workload_on(size, "heat", *words))
    results: list[dict[str, Any]] = json.loads(report.read_text())["results"]
    assert [one["impl"] for one in results] == list(names)
    assert all(one["ok"] for one in results)
    return results


@pytest.mark.parametrize(("n", "steps"), sampled([(7, 21), (33, 40), (64, 11)], 2))
def test_every_technique_gives_the_same_bytes(n: int, steps: int, tmp_path: Path) -> None:
    options = ["-n", n, "--steps", steps]
    alone = solved(1, [*ALONE, *(["dask"] if n == 33 else [])], tmp_path, *options, "--workers", 3)
    answers = {one["answer"] for one in alone}
    for size in (1, 2, 3, 4, 7) if n == 7 else (3,):
        results = solved(size, ON_RANKS, tmp_path, *options)
        assert {one["workers"] for one in results} == {size}
        answers |= {one["answer"] for one in results}
    assert len(answers) == 1


def test_all_end_at_the_same_step_where_nothing_changes_any_more(tmp_path: Path) -> None:
    options = ["-n", 21, "--steps", 100_000, "--until", 1e-6]
    alone = solved(1, ["python", "numpy", "numba"], tmp_path, *options)
    results = [*alone, *solved(3, ON_RANKS, tmp_path, *options)]
    (steps,) = {one["details"][0]["steps"] for one in results}
    assert 10 < steps < 100_000
    assert steps % 10 == 0
    assert len({one["answer"] for one in results}) == 1


def test_the_error_is_a_fourth_at_half_the_distance() -> None:
    errors = []
    for n in (15, 31, 63):
        # The same time: a step is a fourth as long.
        plate, steps = Plate(n, 0), 40 * ((n + 1) // 16) ** 2
        scheme, true = (plate.exact(steps, scheme=each) for each in (True, False))
        errors.append(abs(scheme - true).max())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("mpi.Strip.exchange = lambda *_: None", "differs from the scheme's solution"),
        # A halo of the step before: off by next to nothing.
        ("own = mpi.Strip.exchange\n"
         "def late(strip, old, seen=[0]):\n"
         "    seen[0] += 1\n"
         "    seen[0] == 9 or own(strip, old)\n"
         "mpi.Strip.exchange = late", "differs from the scheme's solution"),
        ("own = mpi.sweep\n"
         "def fused(old, new, first, last):\n"
         "    own(old, new, first, last)\n"
         "    new[1, 1] = numpy.nextafter(new[1, 1], 9)\n"
         "mpi.sweep = fused", "differs in single bits"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_found(change: str, verdict: str) -> None:
    code = (
        "import sys, numpy\nfrom workloads.__main__ import main\nfrom workloads.heat import mpi\n"
        f"{change}\nsys.exit(main(sys.argv[1:]))\n"
    )
    options = ["-n", "33", "--steps", "20", "--repeat", "1"]
    done = on_ranks(2, "-c", code, "heat", "--impl", "numpy,mpi-sendrecv", *options)
    assert done.returncode == 1
    assert verdict in done.stderr


@pytest.mark.long
def test_a_trace_shows_that_the_inner_rows_are_computed_meanwhile(tmp_path: Path) -> None:
    need("viztracer")
    trace = tmp_path / "r.json"
    words = ["heat", "--impl", "mpi-overlap", "-n", "64", "--steps", "5", "--repeat", "1"]
    command = f"viztracer --quiet -o {trace}.$PMI_RANK.json -m workloads {shlex.join(words)}"
    printed(in_own_process("mpiexec", "-n", "2", "sh", "-c", command))
    for rank in range(2):
        events = json.loads(Path(f"{trace}.{rank}.json").read_text())["traceEvents"]
        calls = sorted((one for one in events if one["ph"] == "X"), key=lambda one: one["ts"])
        names = [one["name"].partition(" (")[0] for one in calls if "heat/mpi.py" in one["name"]]
        parts = [name.rpartition(".")[2] for name in names if name.count("<locals>")]
        assert parts[-25:] == ["step", "start", "inner", "wait", "outer"] * 5


def checkpoint(size: int, path: Path, tmp_path: Path, *options: Any) -> dict[str, Any]:
    words = ["--checkpoint", path, *options]
    return solved(size, [CHECKPOINT], tmp_path, *words)[0]


def test_a_killed_run_goes_on_with_another_number_of_ranks(tmp_path: Path) -> None:
    path, options = tmp_path / "plate.h5", ["-n", 101, "--steps", 100_000, "--every", 20]
    words = ["--impl", CHECKPOINT, "--checkpoint", path, *options]
    job = start_ranks(3, "-m", "workloads", "heat", *words)
    try:
        # Within a checkpoint: a file of each kind is there.
        wait_until(lambda: [*tmp_path.glob(".plate.*.h5")], job)
        wait_until(path.exists, job)
        for rank in children(job.pid):
            os.kill(rank, signal.SIGKILL)
    finally:
        job.kill()
        job.communicate()
    has = steps_in(path)
    assert has % 20 == 0
    options[3] = has + 200
    again = checkpoint(2, path, tmp_path, *options)
    assert again["note"] == f"went on from step {has}"
    assert again["work"] == 101**2 * 200
    assert again["answer"] == solved(1, ["numpy"], tmp_path, *options[:4])[0]["answer"]
    assert steps_in(path) == has + 200
    assert [one.name for one in tmp_path.glob("plate*")] == ["plate.h5"]
    # Complete: nothing is left to be done, and a repetition begins anew.
    assert checkpoint(1, path, tmp_path, *options)["answer"] == again["answer"]


def children(parent: int) -> list[int]:
    """Return the ranks: the children of mpiexec's proxy."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        found += Path(f"/proc/{child}/task/{child}/children").read_text().split()
    return [*map(int, found)]


def steps_in(path: Path) -> int:
    code = "import h5py, sys; print(h5py.File(sys.argv[1])['field'].attrs['steps'])"
    return int(printed(in_own_process(sys.executable, "-c", code, path)))


def test_a_checkpoint_without_room_ends_all_ranks_and_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "plate.h5"
    checkpoint(2, path, tmp_path, "-n", 99, "--steps", 10)
    content = path.read_bytes()
    full = (
        "import shutil, sys\nfrom workloads.__main__ import main\n"
        "shutil.disk_usage = lambda _: shutil._ntuple_diskusage(9, 0, 9)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["heat", "--impl", CHECKPOINT, "--checkpoint", path, "-n", "99", "--steps", "20"]
    done = on_ranks(2, "-c", full, *words)
    assert done.returncode == 73
    assert done.stderr.count("0.1 MB are needed at most, and 0.0 are free") == 1
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.glob("plate*")] == ["plate.h5"]


def test_a_checkpoint_takes_no_other_files_place(tmp_path: Path) -> None:
    others = [tmp_path / f"plate.h5{ending}" for ending in (".new", ".tmp", "~")]
    for other in others:
        other.write_text("mine")
    checkpoint(2, tmp_path / "plate.h5", tmp_path, "-n", 9, "--steps", 30)
    assert {other.read_text() for other in others} == {"mine"}
    assert {one.name for one in tmp_path.iterdir()} == {
        "heat.json", "plate.h5", *(other.name for other in others)
    }  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        "file['field'].attrs['steps'] = 'many'",
        "file['field'].attrs['steps'] = -5",
        "file['field'].attrs['steps'] = 29",
        "file['field'].attrs['n'] = [9, 9]",
        "file['field'][3, 4] = float('nan')",
        "file['field'][3, 4] = 1e300",
        "del file['field']; file['field'] = 'text'",
        "del file['field']; file.create_group('field').attrs.update(n=9, r=0.2, steps=3)",
        "at = file['field'].id.get_chunk_info(4).byte_offset; file.close(); "
        "raw = open(path, 'r+b'); raw.seek(at + 9); raw.write(b'xy'); raw.close()",
    ],
)
def test_a_damaged_checkpoint_is_refused_before_the_run(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "plate.h5"
    checkpoint(1, path, tmp_path, "-n", 9, "--steps", 30)
    code = f"import h5py, sys; path = sys.argv[1]; file = h5py.File(path, 'r+'); {damage}"
    printed(in_own_process(sys.executable, "-c", code, path))
    words = ["--impl", CHECKPOINT, "--checkpoint", path, "-n", 9, "--steps", 40]
    done = workload_on(2, "heat", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"--checkpoint {path}" in done.stderr
    assert "remove it, or name another file" in done.stderr


@pytest.mark.parametrize("failing", ["--out", "--film"])
def test_only_what_was_written_is_said_to_be(failing: str, tmp_path: Path) -> None:
    if not plotted(tmp_path / "f.png"):
        pytest.skip("no Matplotlib here: run it in the image hpcpy")
    good = tmp_path / {"--out": "f.gif", "--film": "f.png"}[failing]
    full = tmp_path / f"full{'.png' if failing == '--out' else '.gif'}"
    code = (
        "import sys\nfrom hpcpy_common import files\nfrom workloads.__main__ import main\n"
        "whole = files.whole\n"
        "def full(path, suffix=''):\n"
        "    if path.stem == 'full': raise OSError(28, 'No space left on device')\n"
        "    return whole(path, suffix)\n"
        "files.whole = full\nsys.exit(main(sys.argv[1:]))\n"
    )
    words = [failing, full, "--film" if failing == "--out" else "--out", good]
    done = on_ranks(1, "-c", code, "heat", "-n", "9", "--impl", "numpy", *words)
    assert done.returncode == 73
    said = [line.split()[-1] for line in done.stdout.splitlines() if "written to" in line]
    assert said == [str(one) for one in (good,) if one.exists()]


def test_a_technique_of_ranks_says_that_it_has_one_alone() -> None:
    words = ["--impl", "mpi-send,mpi-sendrecv", "-n", 9, "--repeat", 1]
    for size, times in ((1, 2), (2, 0)):
        assert printed(workload_on(size, "heat", *words)).count("one rank: start it") == times


def test_a_stop_leaves_no_window_to_the_end_of_mpi() -> None:
    code = (
        "import os, signal, sys\nfrom workloads.__main__ import _entry\n"
        "from workloads.heat import mpi\nown = mpi.sweep\n"
        "def stopping(*words, seen=[0]):\n"
        "    own(*words)\n"
        "    seen[0] += 1\n"
        "    seen[0] == 9 and os.kill(os.getpid(), signal.SIGINT)\n"
        "mpi.sweep = stopping\nsys.exit(_entry())\n"
    )
    done = on_ranks(2, "-c", code, "heat", "--impl", "mpi-put", "-n", "33")
    assert done.returncode == 130
    assert "workloads: heat: stopped" in done.stderr
    assert "MPI_Finalize" not in done.stderr


def test_what_is_no_checkpoint_of_this_plate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plate.h5"
    checkpoint(1, path, tmp_path, "-n", 9, "--steps", 30)
    words = ["--impl", CHECKPOINT, "--checkpoint", path]
    content = path.read_bytes()
    for options in (["-n", 10, "--steps", 30], ["-n", 9, "--steps", 20]):
        done = workload_on(2, "heat", *words, *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--checkpoint {path} has 9 × 9 points after 30 steps" in done.stderr
    assert path.read_bytes() == content
    path.write_text("other data")
    done = workload_on(2, "heat", *words, "-n", 9)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no checkpoint of heat" in done.stderr
    assert path.read_text() == "other data"


def test_pictures(tmp_path: Path) -> None:
    files = {f"--{kind}": tmp_path / name for kind, name in (("out", "f.png"), ("film", "f.gif"))}
    words = [word for pair in files.items() for word in pair]
    if not plotted(files["--out"]):
        pytest.skip("no Matplotlib here: run it in the image hpcpy")
    printed(workload_on(2, "heat", "--impl", "numpy,mpi-cart", "-n", 20, "--steps", 120, *words))
    assert files["--out"].read_bytes()[:4] == b"\x89PNG"
    assert files["--film"].read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-n", "2", "--impl", "multiprocessing", "--workers", "3"], "each of 3 workers; -n 3 has"),
        (["--until", "1e-3", "--impl", "multiprocessing"], "--until: multiprocessing does all"),
        (["--until", "nan"], "'nan' is no number above 0"),
        (["--impl", CHECKPOINT], "--impl mpi-checkpoint: needs --checkpoint FILE"),
        (["--every", "3"], "--every: needs --checkpoint"),
        (["--checkpoint", "TMP/a.h5", "--impl", "numpy"], "is for --impl mpi-checkpoint alone"),
        (["--film", "a.png"], "ends in none of .gif"),
        (["--out", "TMP/a.npy", "--json", "TMP/./a.npy"], "--json and --out: both go to"),
        (["--out", "TMP/a.gif.png", "--plot", "TMP/a.gif.png"], "--plot and --out: both go to"),
        (["--out", "-", "--json", "-"], "--json and --out: both go to -"),
        (["--film", "-", "--profile", "line", "-"], "--film and --profile: both go to -"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], said: str, tmp_path: Path) -> None:
    done = workload_on(
        1,
        "heat",
        *(word.replace("TMP", str(tmp_path)) for word in options),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_scheme_is_stable() -> None:
    assert 0 < R <= 0.25
