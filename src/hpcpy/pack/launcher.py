"""The program behind the commands of a packed environment: compiled once, static.

It is linked with squashfuse, libfuse and glibc of Debian's packages: it starts on any Linux,
whatever that has, and asks for no library.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.checkout_lock import checkout_lock
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import disk_errors, scratch_dir, whole_file
from hpcpy.core.stages import Stage, stage
from hpcpy.engine.prefix import layout
from hpcpy.engine.setup import ensure

_SOURCES = paths.ROOT / "src/pack"
_PACKAGES = (
    *("libsquashfuse-dev", "libfuse3-dev", "libzstd-dev", "zlib1g-dev"),
    *("libc6-dev", "linux-libc-dev"),
)
_LIBRARIES = ("squashfuse_ll", "squashfuse", "fuse3", "zstd", "z", "pthread")


def launcher() -> Path:
    """Return the launcher, which is made unless it is there as its sources are now."""
    made = paths.TOOLS / "pack/run"
    key = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(_SOURCES.iterdir()):
        key.update(file.read_bytes())
    stamp = made.with_name(f"run-{key.hexdigest()[:16]}")
    if stamp.exists():
        return made
    compiler = shutil.which("cc") or shutil.which("gcc") or str(ensure("compilers").path("gcc"))
    with checkout_lock(), stage("make the launcher of packed environments") as current:
        if stamp.exists():  # by another one, meanwhile
            return made
        with disk_errors(made), scratch_dir(made.parent, ".make") as scratch:
            _unpack(scratch, current)
            with whole_file(made) as temporary:
                _compile(compiler, scratch, temporary, current)
                temporary.chmod(0o755)
        for old in made.parent.glob("run-*"):
            old.unlink(missing_ok=True)
        stamp.touch()
    return made


def _unpack(root: Path, current: Stage) -> None:
    from hpcpy.engine.debs import download  # noqa: PLC0415  # apt's, for its one use

    try:
        debs = download(frozenset(_PACKAGES), layout().debian)
    except UnavailableError as error:
        error.hint = error.hint or "give --launcher FILE: build/tools/pack/run of another checkout"
        raise
    for deb in debs:
        current.run(["dpkg-deb", "--extract", deb, root])


def _compile(compiler: str, root: Path, result: Path, current: Stage) -> None:
    libraries, include = root / layout().libraries, root / "usr/include"
    triplet = libraries.name
    flags = ["-O2", "-Wall", "-Wextra", "-static", "-s", f"--sysroot={root}"]
    flags += [f"-B{libraries}", f"-L{libraries}"]
    flags += ["-D_FILE_OFFSET_BITS=64", "-DFUSE_USE_VERSION=32"]
    for folder in (include / triplet, include / "fuse3", include / "squashfuse"):
        flags += ["-isystem", str(folder)]
    sources = sorted(_SOURCES.glob("*.c"))
    current.run([compiler, *flags, "-o", result, *sources, *(f"-l{name}" for name in _LIBRARIES)])


def checked(given: Path) -> Path:
    """Return a launcher that was made elsewhere, if this machine can start it."""
    try:
        done = subprocess.run(["hpcpy-hold", "0", "0"], executable=given, check=False)
    except OSError as error:
        raise UnavailableError(f"{given}: {error.strerror}") from error
    if done.returncode:
        raise UnavailableError(f"{given}: is no launcher of a packed environment")
    return given
