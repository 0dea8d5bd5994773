"""``hpcpy batch`` writes its script, or says in one line why not; it needs no image."""

import fcntl
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from processes import AS_ANY_USER

from hpcpy import commands
from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy_common.errors import UnavailableError
from running import Done, executable, run

BATCH = """
import sys
from pathlib import Path
from hpcpy.core import paths
paths.BUILD = Path(sys.argv[1])
paths.TOOLS = paths.BUILD / "tools"
from hpcpy.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def hpcpy(build: Path, command: str, *words: str, **more: str) -> Done:
    environment = {name: value for name, value in os.environ.items() if "SLURM" not in name}
    env = {"PYTHONPATH": str(paths.ROOT / "src"), "HPCPY_CHECKOUT_LOCK": ""}
    python = (*AS_ANY_USER, sys.executable, "-c", BATCH)
    return run(*python, build, command, *words, env=environment | env | more)


PI = ("--", "-m", "workloads", "pi")


def test_a_script_needs_no_image_and_no_turn(tmp_path: Path) -> None:
    build, script = tmp_path / "build", tmp_path / "a $b.sbatch"
    build.mkdir()
    with (build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = hpcpy(build, "batch", "--script", str(script), *PI)
    assert (done.returncode, done.stdout) == (0, f"{script}\n")
    to_do, submit = done.stderr.splitlines()
    assert to_do == f"hpcpy batch: {build}/hpcpy.sif is not there yet; run: make sif"
    assert submit == f"  to submit it: sbatch {shlex.quote(str(script))}"
    assert f"\n  {build}/hpcpy.sif " in script.read_text()
    assert [path.name for path in build.iterdir()] == [".lock"]


def test_a_script_names_an_engine_that_setup_has_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find() -> Path:
        raise UnavailableError("no Apptainer")

    monkeypatch.setattr(prefix, "find_apptainer", find)
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(prefix, "command", lambda: tmp_path / "tools/bin/apptainer")
    (tmp_path / "my.sif").write_bytes((bytes(32) + b"SIF_MAGIC").ljust(200, b"\0"))
    assert commands.run(["batch", "--script=-", f"--image={tmp_path}/my.sif", *PI]) == 0
    done = capsys.readouterr()
    remark = f"hpcpy batch: {tmp_path}/tools/bin/apptainer is not there yet; run: make setup\n"
    assert (done.err, f"{tmp_path}/tools/bin/apptainer" in done.out) == (remark, True)


@pytest.mark.parametrize(
    ("option", "file", "target"),
    [
        ("--gpus=0", "hpcpy.sif", "sif"),
        ("--gpus=1", "hpcpy-cuda.sif", "cuda"),
        ("--engine=standalone", "hpcpy-python", "standalone"),
    ],
)
def test_a_launch_builds_nothing_and_names_what_does(
    tmp_path: Path, option: str, file: str, target: str
) -> None:
    srun = executable(tmp_path / "bin/srun", "#!/bin/sh\ntouch $0.ran\n")
    says = f"{tmp_path}/{file} is not there yet; run: make {target}"
    path = f"{srun.parent}:{os.environ['PATH']}"
    done = hpcpy(tmp_path, "launch", option, *PI, PATH=path)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == f"hpcpy launch: {says}; or name one: IMAGE=…\n"
    done = hpcpy(tmp_path, "batch", option, "--script=-", *PI)
    assert (done.returncode, done.stderr) == (0, f"hpcpy batch: {says}\n")
    assert list(tmp_path.rglob("*")) == [srun.parent, srun]


def test_a_program_takes_the_names_of_many_files(tmp_path: Path) -> None:
    (tmp_path / "my.py").touch()
    executable(tmp_path / "srun", '#!/bin/bash\necho "${@: -1}" "$(wc -c)"\n')
    names = [f"data/run-of-27-November-at-the-beamline-{number:05}.h5" for number in range(5000)]
    words = ("launch", "--engine=none", "--", str(tmp_path / "my.py"))
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = hpcpy(tmp_path, *words, *names, PATH=path)
    # Its standard input is empty.
    assert (done.returncode, done.stdout) == (0, f"{names[-1]} 0\n"), done.stderr


def test_a_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    words = ("batch", "--engine=none", "--script=-", "--")
    done = hpcpy(tmp_path, *words, "missing.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    (tmp_path / "folder").mkdir()
    (tmp_path / "closed").mkdir(mode=0)
    for name, why in {
        "folder": "is a folder without __main__.py",
        "closed/my.py": "permission denied",
        "/dev/null": "is no plain file",
    }.items():
        done = hpcpy(tmp_path, *words, str(tmp_path / name))
        assert (done.returncode, f"{name}: {why}" in done.stderr) == (0, True), done.stderr
    # An absolute name may be on the nodes alone.
    done = hpcpy(tmp_path, *words, "/on/the/nodes/my.py")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)


@pytest.mark.parametrize("engine", ["apptainer", "standalone"])
def test_an_image_that_is_closed_is_refused(tmp_path: Path, engine: str) -> None:
    image = tmp_path / "x.sif"
    image.touch(0)
    done = hpcpy(tmp_path, "batch", f"--engine={engine}", f"--image={image}", *PI)
    assert (done.returncode, done.stdout) == (2, "")
    says = f"hpcpy batch: IMAGE={image}: permission denied; its owner opens it"
    assert (done.stderr[: len(says)], done.stderr.count("\n")) == (says, 1)


def test_where_no_script_can_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    places = ("/proc/x", tmp_path, tmp_path / "loop/x", tmp_path / "file/x", "x" * 300)
    for place in places:
        done = hpcpy(tmp_path, "batch", "--image=/x.sif", f"--script={place}", *PI)
        assert (done.returncode, done.stdout) == (73, ""), place
        assert "Traceback" not in done.stderr
        assert "cannot be written" in done.stderr.splitlines()[-1], place
        assert done.stderr.endswith("; name another file: SCRIPT=…\n"), place
    done = hpcpy(tmp_path, "batch", "--image=/x.sif", f"--script={tmp_path}/a/b/x", *PI)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"/x: there is no folder {tmp_path}/a/b; make it first\n")
    assert {path.name for path in tmp_path.iterdir()} == {"loop", "file"}


def test_a_word_that_is_no_text_reaches_the_script(tmp_path: Path) -> None:
    script = tmp_path / "x.sbatch"
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src")}
    program = [b"--", b"-m", b"workloads", b"pi", b"--json", b"\xff.json"]
    for last in (f"--script={script}", "--dry"):
        words = [b"batch", b"--engine=none", last.encode(), *program]
        command = [os.fsencode(sys.executable), b"-m", b"hpcpy", *words]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert b" --json '\xff.json'" in (done.stdout + script.read_bytes())


# A name whose second line sbatch would read; the line that ends the script for salloc.
WILD = (("a/b\n#SBATCH --x", "c"), ("pi", "--json", "\nEND_OF_JOB\nexit 3\n"))


@pytest.mark.parametrize("words", WILD)
@pytest.mark.parametrize("command", ["batch", "launch"])
def test_no_word_gets_out_of_its_quotes(
    tmp_path: Path, command: str, words: tuple[str, ...]
) -> None:
    site = tmp_path / "wild.toml"
    site.write_text("summary = '''s'''\nnode_local = '/scratch/$SLURM_JOB_ID'\n")
    options = (f"--site={site}", "--engine=none", "--dry")
    done = hpcpy(tmp_path, command, *options, "--", "-m", "workloads", *words)
    assert done.returncode == 0
    for name, body in (("salloc", "exec bash -s"), ("srun", "printf '%s\\n' \"${@: -1}\"")):
        executable(tmp_path / name, f"#!/bin/bash\n{body}\n")
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = run("bash", "-c", done.stdout, env=env)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{words[-1]}\n"
    assert "\n#SBATCH --x" not in done.stdout.split("step=(")[0]


@pytest.mark.parametrize("command", ["run", "launch", "batch"])
def test_a_mistyped_workload_is_refused_before_a_build_or_a_queue(
    tmp_path: Path, command: str
) -> None:
    words = ("--", "mandle") if command == "run" else ("--dry", "--", "-m", "workloads", "mandle")
    done = hpcpy(tmp_path, command, *words)
    says = f"hpcpy {command}: unknown workload 'mandle'; did you mean mandel?\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", says)
    assert list(tmp_path.iterdir()) == []


def test_a_script_is_not_written_over_anothers_file(tmp_path: Path) -> None:
    program, script = tmp_path / "my.py", tmp_path / "job.sh"
    program.write_text("print(1)\n")
    (tmp_path / "link.sh").symlink_to(program)
    words = ("batch", "--image=/x.sif")
    for place in (program, tmp_path / "link.sh"):
        done = hpcpy(tmp_path, *words, f"--script={place}", "--", str(program))
        assert done.returncode == 2
        assert "is no script that hpcpy has written" in done.stderr.splitlines()[-1]
        assert program.read_text() == "print(1)\n"
    script.touch()
    for _ in range(2):
        assert hpcpy(tmp_path, *words, f"--script={script}", *PI).returncode == 0
