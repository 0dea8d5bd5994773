"""Environments to pack: small ones, with a real Python, and what of a packed one is running."""

import contextlib
import json
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from injection_ways import AS_USER, forbidden

from hpcpy.core import paths
from hpcpy.core.files import all_below
from hpcpy.engine.setup import ensure
from hpcpy.pack.programs import launcher
from hpcpy_common.errors import HpcpyError
from proc_files import processes
from running import Done, run, wait_until

COMMAND = (sys.executable, str(paths.ROOT / "hpcpy"), "pack")
# Debian's needs no library of its own, so that a copy of it is an installation.
PYTHON = Path("/usr/bin/python3").resolve()
SPACE = "import os; print(os.readlink('/proc/self/ns/mnt'), flush=True)"
# A mount ends with its program: of no test is one left.
ENV = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0", "UNSET": "x"}
# Mounts of a start of its own, and one that later starts join.
ALONE = {"HPCPY_PACK_HOLD": "0"}
HELD = {"HPCPY_PACK_HOLD": "600"}
# What a program of the environment reports: of itself, of what it starts, of activation.
REPORT = """\
import json, os, subprocess, sys
child = subprocess.run([sys.executable, "-c", "import sys; print(sys.prefix)"],
                       capture_output=True, text=True)
names = ("GDAL_DATA", "MODEL", "LD_LIBRARY_PATH", "UNSET")
print(json.dumps([sys.executable, sys.prefix, child.stdout.strip(), sys.argv[1:],
                  [os.environ.get(name) for name in names],
                  os.environ["PATH"].split(":")[0], os.getcwd(), os.getuid()]))
"""

# Sends itself a signal before the first, second … change of a name below a folder.
KILLED = """
import os, runpy, sys
signal, left, parent, sys.argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
def watch(event, words):
    global left
    if event in ("os.rename", "os.rmdir", "shutil.rmtree") and str(words[0]).startswith(parent):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal)
sys.addaudithook(watch)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def require() -> None:
    """Skip the test, and say what to type elsewhere, where nothing can be packed or mounted."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("no /dev/fuse for this user; elsewhere: pytest tests/launch/test_pack*")
    if not Path("/usr/lib", PYTHON.name, "os.py").exists():
        pytest.skip("no Python of the system to copy")
    try:
        ensure("apptainer")
        launcher()
    except HpcpyError as error:
        pytest.skip(str(error))


def as_user(folder: Path) -> tuple[str, ...]:
    """Return what starts a program as another user, who sees a public folder; or skip the test."""
    if os.geteuid() != 0 or forbidden("user namespaces"):
        pytest.skip("becomes another user, in a user namespace: as root")
    return ("unshare", "--mount", "sh", "-c", AS_USER, str(folder / "fuse"))


def conda_like(prefix: Path) -> Path:
    """Make an environment as conda lays it out, of this Python: no channel can be reached."""
    library = Path("/usr/lib") / PYTHON.name
    for name in ("bin", "conda-meta", "etc/conda/activate.d", "share/gdal", "lib"):
        (prefix / name).mkdir(parents=True)
    shutil.copy(PYTHON, prefix / "bin/python3")
    (prefix / "bin/python").symlink_to("python3")
    left_out = shutil.ignore_patterns("dist-packages", "test", "config-*", "sitecustomize.py")
    shutil.copytree(library, prefix / "lib" / library.name, ignore=left_out, symlinks=True)
    (prefix / "conda-meta/history").write_text("==> 2026-11-26 12:00:00 <==\n")
    variables = {"MODEL": "ice", "UNSET": "***unset***"}
    (prefix / "conda-meta/state").write_text(json.dumps({"env_vars": variables}))
    (prefix / "etc/conda/env_vars.d").mkdir()
    (prefix / "etc/conda/env_vars.d/sea.json").write_text('{"MODEL": "none", "PACKAGE": "sea"}')
    (prefix / "etc/conda/activate.d/gdal.sh").write_text(
        '[ ! -d "$CONDA_PREFIX/share/gdal" ] || export GDAL_DATA="$CONDA_PREFIX/share/gdal"\n'
        'export MODEL="$MODEL and $PACKAGE"\n'
        'export LD_LIBRARY_PATH="$CONDA_PREFIX/lib:${LD_LIBRARY_PATH:-}"\n'
    )
    script = prefix / "bin/report"
    script.write_text(f"#!{prefix}/bin/python\n{REPORT}")
    script.chmod(0o755)
    (prefix / "share/gdal/data").write_text("x" * 5000)
    (prefix / "share/gdal/data").chmod(0o464)
    os.link(prefix / "share/gdal/data", prefix / "share/gdal/twin")
    os.utime(prefix / "share/gdal", (1_700_000_000, 1_700_000_000))
    prefix.chmod(0o755)
    return prefix


def pack(*words: object, env: Mapping[str, str] | None = None) -> Done:
    return run(*COMMAND, *words, cwd="/usr", env=env)


def packed(prefix: Path, *words: object) -> Path:
    done = pack(prefix, *words)
    assert done.returncode == 0, done.stderr
    return prefix


def remove(folder: Path) -> None:
    run("chmod", "-R", "u+w", folder, check=True)
    shutil.rmtree(folder)


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what a user could miss of a folder: each path's kind, mode, time, links, content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *all_below(folder)):
        status = path.lstat()
        content: object = str(path.readlink()) if path.is_symlink() else None
        if stat.S_ISREG(status.st_mode):
            content = (status.st_nlink, path.read_bytes())
        found[str(path.relative_to(folder))] = (status.st_mode, int(status.st_mtime), content)
    return found


def daemons(prefix: Path) -> list[int]:
    begin = f"hpcpy-mount {prefix}/"
    return [process for process, words in processes() if words.startswith(begin)]


def end(folder: Path) -> None:
    """End the mounts of images below a folder."""
    for process in daemons(folder):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: not daemons(folder))


@contextlib.contextmanager
def public_folder() -> Iterator[Path]:
    """Give a folder that an ordinary user can enter, unlike pytest's own of root."""
    require()
    made = Path(tempfile.mkdtemp(prefix="hpcpy-pack."))
    made.chmod(0o755)
    (made / "fuse").mkdir()
    yield made
    end(made)
    remove(made)


def variables(prefix: Path) -> list[str | None]:
    """Return what `report` says of the variables that activation sets, or removes."""
    return [f"{prefix}/share/gdal", "ice and sea", f"{prefix}/lib:", None]


def reported(done: Done) -> list[object]:
    assert done.returncode == 0, done.stderr
    answer: list[object] = json.loads(done.stdout)
    return answer


def start(
    prefix: Path, *words: str, env: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
) -> Done:
    """Start a command of a packed environment, which says how it is mounted."""
    given = {"PATH": os.environ["PATH"], "OLDPWD": "/usr", "HPCPY_VERBOSE": "1", **(env or {})}
    return run(*before, prefix / "bin" / words[0], *words[1:], env=given, cwd="/usr")
