"""The shell that runs on nodes: around an engine, a rank and a staged image."""

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from processes import mounted

from hpcpy.launch import on_nodes
from hpcpy.launch.explain import explain
from hpcpy.launch.on_nodes import around
from hpcpy.launch.shell import PLAIN, quoted
from running import Done, executable, printed, run, wait_until

OWN = f"hpcpy-{os.getuid()}"
# In place of the engine: its words, a line for each, and its variables.
ENGINE = """#!/bin/bash
printf 'word %s\\n' "$@"
env | grep -E '^(APPTAINER|SINGULARITY)' | sort
"""


def engine(tmp_path: Path, node_local: Path | str, *words: str, **variables: str) -> list[str]:
    """Return what the engine of a rank gets: its words, and its variables."""
    lines = around("apptainer", str(node_local))
    # A site's setup may have this option set.
    shell = "\n".join(["set -e", *(line.shell for line in lines)])
    script = f'{shell}\nexec bash -pc "$at_node" "$@"'
    program = executable(tmp_path / "apptainer", ENGINE)
    env = {"PATH": os.environ["PATH"], **variables}
    done = run("bash", "-c", script, "-", program, "exec", *words, env=env, umask=0o002, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def engines_folder(tmp_path: Path, node_local: Path) -> str:
    own = dict(line.split("=", 1) for line in engine(tmp_path, node_local) if "=" in line)
    return own.get("APPTAINER_CONFIGDIR", "default")


def test_the_engines_files_are_in_a_folder_of_the_users_alone(tmp_path: Path) -> None:
    assert engines_folder(tmp_path, tmp_path) == f"{tmp_path}/{OWN}/apptainer"
    for folder in (tmp_path / OWN, tmp_path / OWN / "apptainer"):
        assert folder.stat().st_mode & 0o777 == 0o700


# Shell commands: of a folder's name, and of that of another one beside it.
WAYS = {
    "linked": 'mkdir "$1" && ln -s "$1" "$0"',
    "linked to nothing": 'ln -s "$1" "$0"',
    "open to the group": 'mkdir -m 770 "$0"',
    "open to all": 'mkdir -m 707 "$0"',
    "another user's": 'mkdir "$0" && chown 65534:65534 "$0"',
    "a file": 'touch "$0"',
}


@pytest.mark.parametrize("made", WAYS)
def test_a_folder_that_others_have_a_hand_in_is_not_used(tmp_path: Path, made: str) -> None:
    if made == "another user's" and os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for number, name in enumerate((OWN, f"{OWN}/apptainer")):
        node = tmp_path / str(number)
        (node / name).parent.mkdir(parents=True)
        run("sh", "-c", WAYS[made], node / name, aside := node / "aside", check=True)
        assert engines_folder(tmp_path, node) == "default"
        assert not aside.exists() or list(aside.iterdir()) == []


def test_what_a_clean_container_needs_of_the_job_is_handed_in(tmp_path: Path) -> None:
    job = {"SLURM_PROCID": "3", "PMI_FD": "9", "PMIX_RANK": "3", "CUDA_VISIBLE_DEVICES": "1"}
    ours = {"HPCPY_SITE_FILE": "/a b", "HPCPY_PREFLIGHT": "warn"}
    # What a user, or a site's [environment], gives to the container stays.
    own = {"APPTAINERENV_HPCPY_SITE_FILE": "/c", "MINE": "x"}
    shown = engine(tmp_path, tmp_path, **job, **ours, **own)
    inside = {
        name.removeprefix("APPTAINERENV_"): value
        for name, _, value in (line.partition("=") for line in shown)
        if name.startswith("APPTAINERENV_") and name[-4:] not in ("TASK", "RENT")
    }
    assert inside == job | ours | {"HPCPY_SITE_FILE": "/c"}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_nodes_own_disk_is_in_the_container_where_it_is_there(
    tmp_path: Path, is_there: bool
) -> None:
    disk = tmp_path / "a disk"
    if is_there:
        disk.mkdir()
    words = [line[5:] for line in engine(tmp_path, disk, "--pwd=/x") if line.startswith("word ")]
    bind = f"--bind={disk}:{disk}"
    assert words == ["exec", *([bind] if is_there else []), "--pwd=/x"]
    assert engine(tmp_path, disk, bind).count(f"word {bind}") == 1
    # Apptainer's own.
    assert "word --bind" not in "".join(engine(tmp_path, "/tmp", "--pwd=/x"))  # noqa: S108


SHARED = ["--sharens", "--contain", "--ipc"]


# As process 1 of a namespace the first rank would end the others.
@pytest.mark.parametrize(
    ("given", "variables", "words", "left"),
    [
        (["--sharens", "--containall", "--x"], {}, [*SHARED, "--x"], {}),
        (["--sharens", "-C", "-p"], {}, SHARED, {}),
        (["--sharens", "--pid", "bash", "-p"], {}, ["--sharens", "bash", "-p"], {}),
        (["--sharens"], {"UNSHARE_PID": "1"}, ["--sharens"], {}),
        (["--sharens"], {"CONTAINALL": "1"}, ["--sharens"], {"CONTAIN": "1", "UNSHARE_IPC": "1"}),
        (["--pid", "-C"], {"UNSHARE_PID": "1"}, ["--pid", "-C"], {"UNSHARE_PID": "1"}),
    ],
)
def test_ranks_that_share_a_container_share_no_pid_namespace(
    tmp_path: Path,
    given: list[str],
    variables: dict[str, str],
    words: list[str],
    left: dict[str, str],
) -> None:
    env = {f"APPTAINER_{name}": value for name, value in variables.items()}
    shown = engine(tmp_path, tmp_path, *given, **env)
    assert [line for line in shown if line.startswith("word ")][2:] == [f"word {x}" for x in words]
    rest = {line for line in shown if line.startswith(("APPTAINER_CONTAIN", "APPTAINER_UNSHARE"))}
    assert rest == {f"APPTAINER_{name}={value}" for name, value in left.items()}


# Of a neighbour, in /dev/shm.
LOCKS = {
    "a file": 'touch "$0" && chown 65534 "$0"',
    "a link to nothing": 'ln -s /nonexistent "$0" && chown -h 65534 "$0"',
    "a link to yours": 'ln -s "$1" "$0" && chown -h 65534 "$0"',
}


@pytest.mark.parametrize("lock", ["", "own", *LOCKS])
@pytest.mark.parametrize("has_own", [True, False], ids=["", "no folder of yours"])
def test_a_neighbours_lock_ends_no_rank(tmp_path: Path, lock: str, *, has_own: bool) -> None:
    """Whatever he has put there, and where he has taken the name of your folder as well."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    node = tmp_path / "node"
    node.mkdir()
    if not has_own:
        run("sh", "-c", WAYS["another user's"], node / OWN, check=True)
    file = Path(f"/dev/shm/sharens_instance_{os.getpid()}")  # noqa: S108
    made = LOCKS.get(lock, 'touch "$0"' if lock else "true")
    run("sh", "-c", made, file, tmp_path, check=True)
    try:
        shown = engine(tmp_path, node, "--sharens", "--pwd=/x")
    finally:
        file.unlink(missing_ok=True)
    is_shared = lock in ("", "own")
    assert ("word --sharens" in shown) == is_shared
    assert ("APPTAINERENV_MPIR_CVAR_CH4_CMA_ENABLE=0" in shown) != is_shared


def test_podman_hpc_takes_no_word_of_the_program_for_its_own() -> None:
    at_node, _ = around("podman-hpc")
    script = f'{at_node.shell}\nexec bash -pc "$at_node" "$@"'
    told = 'echo "$*"; eval "printf %s, $HPCPY_PROGRAM"'
    words = ["engine", "a b", "--", "x", "--help", "y 'z"]
    done = run("bash", "-c", script, "-", "sh", "-c", told, *words, check=True)
    assert done.stdout == "a b\nx,--help,y 'z,"


def test_the_engine_of_a_dead_first_rank_is_killed_where_proc_shows_no_daemon(
    tmp_path: Path,
) -> None:
    # Apptainer's process has this name.  Of slurmstepd nothing is asked.
    engine = tmp_path / "starter"
    shutil.copy(shutil.which("sleep") or "", engine)
    with subprocess.Popen([engine, "60"]) as process:
        given = {"HPCPY_TASK": str(process.pid), "HPCPY_PARENT": "1", "SLURM_PROCID": "0"}
        env = {**os.environ, **given, "SLURMD_NODENAME": "n1", "APPTAINER_SHARENS_MASTER": "1"}
        rank = on_nodes.text("apptainer_rank")
        done = run("bash", "-pc", rank, "sh", "-c", 'echo "${HPCPY_TASK-none}"; exit 3', env=env)
        assert (done.returncode, done.stdout) == (3, "none\n")
        assert process.wait(60) == -signal.SIGKILL


# The programs of a cluster of one node; mktemp gives a name that another user has guessed.
STUBS = {
    "srun": '[ ! "$ENDED" ] || echo $$ >"$GUESSED.pid"; while [ "$1" != bash ]; do shift; done;'
    ' SLURMD_NODENAME=n1 exec "$@"',
    "sbcast": '[ ! "$ENDED" ] || { kill -9 -- "-$(cat "$GUESSED.pid")"; exit 1; };'
    ' set -C && cat "$1" >"$2" || exit 1; chmod +x "$2"; [ "$DAMAGED" ] && echo >>"$2"; :',
    "mktemp": 'echo "$GUESSED"',
}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    for name, text in STUBS.items():
        executable(tmp_path / "bin" / name, f"#!/bin/bash\n{text}\n")
    (tmp_path / "image").write_bytes(b"image" * 100_000)
    (tmp_path / "precious").write_text("precious")
    return tmp_path


def staged(node: Path, *before_it: str, engine: str = "standalone", **more: str) -> Done:
    copy = on_nodes.COPIES[engine]
    before = on_nodes.staging_lines(str(node / "image"), str(node), copy)
    ranks = f'stat -c %a "${{0%/*}}"; cmp "$0" {node}/image && echo ranks'
    env = {
        "PATH": f"{node}/bin:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "GUESSED": str(node / "guessed"),
        **more,
    }
    step = f"exec bash -c {shlex.quote(ranks)} {quoted(copy)}"
    script = "\n".join([PLAIN, *(line.shell for line in before), step])
    return run(*before_it, "bash", "-c", script, env=env, umask=0o002)


@pytest.mark.parametrize("options", ["braceexpand", "monitor", "errexit:nounset"])
def test_a_copy_is_the_jobs_alone_and_goes_with_it(node: Path, options: str) -> None:
    there = set(node.iterdir())
    assert printed(staged(node, SHELLOPTS=options)) == "700\nranks\n"
    wait_until(lambda: set(node.iterdir()) == there)


def _shown(path: Path) -> tuple[int, ...]:
    # Without the time of access: a look into a folder changes it.
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


@pytest.mark.parametrize("kind", ["link", "link to a folder", "file", "folder"])
def test_what_another_has_made_is_neither_used_nor_changed(node: Path, kind: str) -> None:
    guessed = node / "guessed"
    if kind == "file":
        guessed.write_text("theirs")
        guessed.chmod(0o666)
    elif kind == "folder":
        guessed.mkdir()
        guessed.chmod(0o777)
    else:
        guessed.symlink_to(node / ("bin" if kind == "link to a folder" else "precious"))
    before = _shown(guessed), sorted(node.rglob("*"))
    done = staged(node)
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hpcpy: n1: ")
    assert str(guessed) in line
    assert (_shown(guessed), sorted(node.rglob("*"))) == before
    assert (node / "precious").read_text() == "precious"


def test_a_job_that_ends_while_it_is_copied_ends_the_script_by_1(node: Path) -> None:
    # Its keepers are gone: an answer to them ended the script by SIGPIPE, with 141.
    done = staged(node, ENDED="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Broken pipe" not in done.stderr


def test_a_copy_that_is_not_the_image_is_not_run(node: Path) -> None:
    done = staged(node, DAMAGED="1")
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert "n1" in line


@pytest.mark.parametrize("engine", ["standalone", "apptainer"])
def test_a_disk_that_runs_no_program_is_named_before_the_step(node: Path, engine: str) -> None:
    disk = node / "disk"
    disk.mkdir()
    on_disk = mounted(disk, 'mount -t tmpfs -o noexec small "$0"')
    done = staged(node, *on_disk, engine=engine, GUESSED=f"{disk}/copy")
    if engine == "apptainer":  # which reads its image
        assert printed(done) == "700\nranks\n"
        return
    says = f"hpcpy: n1: no copy of the image in {disk}: no program can run there (noexec)\n"
    assert (done.returncode, done.stdout, done.stderr) == (73, "", says)
    assert explain(done.stderr) == f"{says[7:-1]}; node_local in the site file names another disk"
