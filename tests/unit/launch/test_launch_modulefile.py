"""What ``hpcpy modulefile`` refuses, and the scripts that it writes; `tests/launch` loads them."""

import os
import re
import shutil
import signal
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from processes import AS_ANY_USER, mounted, python

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.images.graph import the_graph
from hpcpy.launch import run as launch_run
from hpcpy.launch.explain import NO_FUSE
from hpcpy_common.errors import UnavailableError, UsageError
from running import executable, printed
from running import run as run_program
from small_standalone import make_standalone


@pytest.fixture
def sif(tmp_path: Path) -> Path:
    path = tmp_path / "x.sif"
    path.write_bytes((bytes(32) + b"SIF_MAGIC").ljust(200, b"\0"))
    return path


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("command", ["modulefile", "kernelspec"])
def test_what_goes_with_the_checkout_is_told(
    command: str,
    is_own: bool,
    sif: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(paths, "TOOLS", sif.parent / "tools")
    place = sif.parent / ("tools" if is_own else "usr")
    program = executable(place / "bin/apptainer", "#!/bin/sh\n")
    monkeypatch.setattr(prefix, "find_apptainer", lambda: program)
    assert run([command, f"--image={sif}", f"--to={sif.parent / 'to'}"]) == 0
    warning = f"it needs {program}, and breaks when this checkout goes"
    assert (warning in capsys.readouterr().err) == is_own


def test_a_kernel_of_another_image_is_replaced_by_a_word_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kernelspec", "--engine=podman-hpc", f"--to={tmp_path}"]
    for tag, says in (("1", False), ("1", False), ("2", True)):
        assert run([*words, f"--image=registry.example.org/me/hpcpy:{tag}"]) == 0
        assert ("replaces the kernel of this name" in capsys.readouterr().err) == says


ASK = ": the module names no kind of MPI; write it where Slurm is, or put"
NO_KIND = "  srun --mpi=list has no pmix or pmi2, so the default is taken"


@pytest.mark.parametrize(
    ("srun", "kind", "says"),
    [
        ("printf 'MPI plugin types are...\\n\\tnone\\n\\tpmi2\\n\\tpmix\\n'", "pmix", ""),
        ("echo 'srun: none\nsrun: pmi2' >&2", "pmi2", ""),
        ("printf '\\tpmi2\\n'; echo 'srun: error: no pmix' >&2", "pmi2", ""),
        ("printf '\\tcray_shasta\\n\\topenmpi\\n'", "", NO_KIND),
        ("exit 0", "", NO_KIND),
        ("exit 1", "", f"  srun --mpi=list: ended with exit code 1{ASK}"),
        (
            "printf 'srun: x\\nsrun: fatal: no Slurm\\n' >&2; exit 1",
            "",
            f"  srun --mpi=list: srun: fatal: no Slurm{ASK}",
        ),
        ("", "", f"  no srun here to ask{ASK}"),
    ],
)
def test_its_kind_of_mpi_is_this_slurms_best(
    sif: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    srun: str,
    kind: str,
    says: str,
) -> None:
    """Asked when the module is written: a Slurm that does not answer holds up no login."""
    site, folder = sif.with_name("site.toml"), sif.with_name("bin")
    site.write_text("summary = 's'\n")
    folder.mkdir()
    if srun:
        executable(folder / "srun", f"#!/bin/sh\n{srun}\n")
    monkeypatch.setattr(prefix, "find_apptainer", lambda: Path("/usr/bin/apptainer"))
    monkeypatch.setenv("PATH", f"{folder}:/bin" if srun else str(folder))
    words = [f"--image={sif}", f"--to={sif.parent}", f"--site={site}", "--version=1"]
    assert run(["modulefile", *words]) == 0
    text = (sif.parent / "modulefiles/hpcpy/1").read_text()
    assert re.findall(r"(?m)^setenv SLURM_MPI_TYPE (.*)$", text) == ([kind] if kind else [])
    assert "exec srun" not in text
    told = [
        line for line in capsys.readouterr().err.splitlines() if "MPI" in line or "srun" in line
    ]
    assert [line[: len(says)] for line in told] == ([says] if says else [])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("modulefile --site=perlmutter-cpu", "or hpcpy-python; ./hpcpy batch writes a script for"),
        ("modulefile --to=-", "--to: -: is no folder, and several files are written"),
        ("modulefile --to=/a$b", "--to: /a$b: Lmod reads no module file there"),
        ("modulefile --to=/x/mü", "--to: /x/mü: Lmod reads no module file there"),
        ("modulefile --version=1.lua", "--version: 1.lua means something else to Lmod or"),
        ("modulefile --version=default", "--version: default means something else to Lmod or"),
        ("modulefile --version=1+cuda", "--version: 1+cuda means something else to Lmod or"),
        ("modulefile --name=.x", "--name: .x cannot name a file"),
        ("modulefile --image=x:1", "IMAGE=x:1: no such file; a registry's is docker://x:1"),
        ("kernelspec --engine=none", "--engine: no 'none'; there are: apptainer, podman-hpc"),
        ("kernelspec --engine=shifter", "takes a reference; IMAGE=registry.example.org/"),
        ("kernelspec --image=/no/such.sif", "IMAGE=/no/such.sif: no such file"),
        (f"kernelspec --image={sys.executable}", "is a program; a kernel starts in a SIF: IMAGE="),
        ("kernelspec --name=a/b", "--name: a/b cannot name a file"),
        ("kernelspec --title=a\nb", "holds a character that cannot be printed"),
    ],
)
def test_what_is_wrong_is_refused(words: str, says: str, tmp_path: Path) -> None:
    command, option = words.split(" ")
    with pytest.raises(UsageError) as caught:
        run([command, f"--to={tmp_path}", option])
    assert says in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["modulefile", "kernelspec"])
def test_of_a_sites_image_that_is_not_there_it_says_where_to_look(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text("summary = 's'\nimage = '/no/such.sif'\n")
    says = r"IMAGE=/no/such.sif: no such file; .*; ./hpcpy site prints which file names it"
    with pytest.raises(UsageError, match=says):
        run([command, f"--to={tmp_path / 'to'}", f"--site={tmp_path}/s.toml"])


def test_without_apptainer_the_site_has_to_name_its_module(
    sif: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> Path:
        raise UnavailableError("no Apptainer here")

    monkeypatch.setattr(prefix, "find_apptainer", absent)
    with pytest.raises(UnavailableError, match="no Apptainer here"):
        run(["modulefile", f"--to={tmp_path / 'to'}", f"--image={sif}"])
    assert not (tmp_path / "to").exists()
    (tmp_path / "centre.toml").write_text('summary = "x"\nmodules = ["apptainer"]\n')
    words = [f"--to={tmp_path / 'to'}", f"--image={sif}", f"--site={tmp_path}/centre.toml"]
    for _ in range(2):  # over what is there
        assert run(["modulefile", *words]) == 0
    script = tmp_path / "to/hpcpy/0.1.0/bin/python"
    assert "engine=apptainer\n" in script.read_text()
    assert script.resolve().name == "hpcpy-exec"
    assert script.stat().st_mode & 0o777 == 0o755


def test_of_a_program_python_is_a_script_that_runs_it(tmp_path: Path) -> None:
    site, keys = tmp_path / "centre.toml", 'summary = "s"\nengine = "shifter"\nnode_local = "/no"\n'
    site.write_text(f'{keys}[environment]\nA = "b c"\n')
    file, other = (make_standalone(tmp_path / name) for name in ("a b", "c"))
    words = [f"--image={file}", f"--to={tmp_path}", f"--site={site}", "--version=1"]
    assert run(["modulefile", *words]) == 0
    # Of this image it is written again.
    assert run(["modulefile", *words]) == 0
    says = "modulefiles/hpcpy/1: is the module file of another image; name another version"
    with pytest.raises(UsageError, match=says):
        run(["modulefile", f"--image={other}", *words[1:]])
    shell = ("-c", 'echo "$A $PYTHONNOUSERSITE ${TMPDIR-unset} $0"', "two words")
    python, env = tmp_path / "hpcpy/1/bin/python3", {"PATH": "/usr/bin:/bin"}
    assert printed(run_program(python, *shell, env=env)) == "b c 1 unset two words\n"


def test_what_users_run_is_not_for_everybody_to_change(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        image = make_standalone(tmp_path / "image")
        assert run(["modulefile", f"--image={image}", f"--to={tmp_path / 'modules'}"]) == 0
    finally:
        os.umask(before)
    written = [path for path in tmp_path.glob("modules/**/*") if not path.is_symlink()]
    assert len(written) > 5
    assert not [path for path in written if path.stat().st_mode & stat.S_IWOTH]


# Killed before the renames of the script, of its first link, of the module file.
KILLED = """
import os, sys
left = int(sys.argv[1])
def watch(event, _):
    global left
    if event == "os.rename":
        left -= 1
        left or os.kill(os.getpid(), 9)
sys.addaudithook(watch)
from hpcpy.commands import run
run(sys.argv[2:])
"""


@pytest.mark.parametrize("rename", [1, 2, 4])
def test_what_a_killed_command_has_left_goes_with_the_next(rename: int, tmp_path: Path) -> None:
    folder = tmp_path / "to"
    words = ["modulefile", f"--image={make_standalone(tmp_path / 'x')}", f"--to={folder}"]
    assert python("-c", KILLED, rename, *words).returncode == -signal.SIGKILL
    assert [*folder.rglob(".*")]
    assert run(words) == 0
    assert not [*folder.rglob(".*")]


FATAL = "FATAL:   container creation failed: fuse: failed to open /dev/fuse: Permission denied"
# Of an Apptainer that is not setuid, or is.
STARTS = {"no": f"echo '{FATAL}' >&2; exit 255", "yes": 'shift 2; exec echo "$@"'}


@pytest.mark.parametrize("starts", STARTS)
def test_without_fuse_its_python_says_what_helps(
    starts: str, sif: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = executable(tmp_path / "bin/apptainer", f"#!/bin/sh\n{STARTS[starts]}\n")
    monkeypatch.setattr(prefix, "find_apptainer", lambda: engine)
    assert run(["modulefile", f"--image={sif}", f"--to={tmp_path}", "--version=1"]) == 0
    (tmp_path / "closed").touch(0)
    in_place = '[ ! -e /dev/fuse ] || mount --bind "$0/closed" /dev/fuse'
    as_user = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    words = [*mounted(tmp_path, in_place), *as_user, tmp_path / "hpcpy/1/bin/python", "my.py"]
    done = run_program(*words)
    ended = (255, "", f"{FATAL}\n{NO_FUSE}\n") if starts == "no" else (0, "python my.py\n", "")
    assert (done.returncode, done.stdout, done.stderr) == ended


# However a preflight is called; of what is closed the folder, which is there in the container.
@pytest.mark.parametrize(
    ("name", "called", "seen"),
    [
        ("s/site.toml", "python -mhpcpy_job preflight", "s/site.toml"),
        ("s/site.toml", "hpcpy-exec sh -c 'python -Pm hpcpy_job doctor'", "s/site.toml"),
        ("./s/../s/site.toml", "python my.py", "s/site.toml"),
        ("s/closed/x/site.toml", "python my.py", "s/closed"),
        ("s/missing/site.toml", "python my.py", ""),
        ("", "python my.py", ""),
    ],
)
def test_the_container_sees_the_site_file_that_is_named(
    sif: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str, called: str, seen: str
) -> None:
    shows = (
        'echo "$HPCPY_SITE_FILE"; for word; do case $word in --bind=*) echo "$word" ;; esac; done'
    )
    engine = executable(tmp_path / "bin/apptainer", f"#!/bin/sh\n{shows}\n")
    monkeypatch.setattr(prefix, "find_apptainer", lambda: engine)
    assert run(["modulefile", f"--image={sif}", f"--to={tmp_path}", "--version=1"]) == 0
    (tmp_path / "s/closed/x").mkdir(parents=True)
    for file in ("site.toml", "closed/x/site.toml"):
        (tmp_path / "s" / file).touch()
    (tmp_path / "s/closed").chmod(0)
    path = str(tmp_path / name).replace("s/../", "") if name else ""
    given = name if name.startswith(".") else path
    script = f"{tmp_path}/hpcpy/1/bin/{called}"
    env = {"PATH": os.environ["PATH"], "HPCPY_SITE_FILE": given, "APPTAINER_UNSQUASH": "1"}
    done = run_program(*AS_ANY_USER, "sh", "-c", script, env=env, cwd=tmp_path)
    (tmp_path / "s/closed").chmod(0o700)
    bound = f"--bind={tmp_path / seen}:{tmp_path / seen}:ro\n" if seen else ""
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n{bound}", "")


def test_without_fuse_a_workload_in_the_image_says_what_helps(
    sif: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = executable(sif.parent / "bin/apptainer", f"#!/bin/sh\n{STARTS['no']}\n")
    monkeypatch.setattr(prefix, "find_apptainer", lambda: engine)
    image = the_graph().image("hpcpy")
    monkeypatch.setattr(launch_run, "ensure_image", lambda *_: (sif, None, image))
    monkeypatch.setattr(launch_run, "read_stamp", lambda _: {"digest": "sha256:0"})
    monkeypatch.setattr(launch_run, "expected", lambda *_: SimpleNamespace(pins=()))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UnavailableError) as caught:
        run(["run", "--", "pi"])
    assert str(caught.value) == f"{sif}: {' '.join(FATAL.split())}; {NO_FUSE}"


def test_what_users_may_lack_is_told(
    sif: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "IS_CHECKOUT", False)
    monkeypatch.setattr(sys, "executable", "/node/hpcpy-python")
    monkeypatch.setenv("PATH", "/no/such")
    module_site = sif.with_name("site.toml")
    module_site.write_text("mpi = 'pmi2'\n")
    monkeypatch.setenv("HPCPY_SITE_FILE", str(module_site))
    for file in (sif, module_site):
        file.chmod(0o600)
    assert run(["modulefile", f"--image={sif}", f"--to={sif.parent / 'to'}"]) == 0
    told = capsys.readouterr().err
    assert "no apptainer is on PATH here" in told
    for file in (sif, module_site):
        assert f"other users cannot read {file}: chmod a+rX {file}" in told
        file.chmod(0o644)
    # One line for the folder of both; the file beside the image is the one that is named.
    (folder := sif.parent / "closed").mkdir(0o700)
    moved = [Path(shutil.move(file, folder)) for file in (sif, module_site)]
    monkeypatch.setenv("HPCPY_SITE_FILE", str(moved[1]))
    assert run(["modulefile", f"--image={moved[0]}", f"--to={sif.parent / 'to2'}"]) == 0
    assert capsys.readouterr().err.count(f"other users cannot read {folder}/") == 1
