"""The program behind the commands of a packed environment: compiled once, static.

It is linked with squashfuse, libfuse and glibc of Debian's packages: it starts on any Linux,
whatever that has, and asks for no library.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.checkout_lock import checkout_lock
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import scratch_dir, whole_file
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
    """Return the launcher, which is made unless it is there and newer than its sources."""
    made = paths.TOOLS / "pack/run"
    newest = max(file.stat().st_mtime for file in (*_SOURCES.iterdir(), Path(__file__)))
    if made.exists() and made.stat().st_mtime > newest:
        return made
    with (
        checkout_lock(),
        stage("make the launcher of packed environments") as current,
        scratch_dir(made.parent, ".make") as scratch,
        whole_file(made) as temporary,
    ):
        _unpack(scratch, current)
        _compile(scratch, temporary, current)
        temporary.chmod(0o755)
    return made


def _unpack(root: Path, current: Stage) -> None:
    from hpcpy.engine.debs import download  # noqa: PLC0415  # apt's, for its one use

    try:
        debs = download(frozenset(_PACKAGES), layout().debian)
    except UnavailableError as error:
        error.hint = "copy build/tools/pack/run here from a machine with Debian's apt"
        raise
    for deb in debs:
        current.run(["dpkg-deb", "--extract", deb, root])


def _compile(root: Path, result: Path, current: Stage) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or str(ensure("compilers").path("gcc"))
    libraries, include = root / layout().libraries, root / "usr/include"
    flags = ["-O2", "-Wall", "-Wextra", "-static", "-s", f"--sysroot={root}"]
    flags += [f"-B{libraries}", f"-L{libraries}"]
    flags += ["-D_FILE_OFFSET_BITS=64", "-DFUSE_USE_VERSION=32"]
    for folder in (include / libraries.name, include / "fuse3", include / "squashfuse"):
        flags += ["-isystem", str(folder)]
    sources = sorted(_SOURCES.glob("*.c"))
    current.run([compiler, *flags, "-o", result, *sources, *(f"-l{name}" for name in _LIBRARIES)])
