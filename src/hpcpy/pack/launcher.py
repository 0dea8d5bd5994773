"""The program behind the commands of a packed environment: compiled once, static.

It is linked with squashfuse, libfuse and glibc of Debian's packages: it starts on any Linux,
whatever that has, and asks for no library.
"""

from __future__ import annotations

import hashlib
import shutil
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
    with checkout_lock(), stage("make the launcher of packed environments") as current:
        if stamp.exists():  # by another one, meanwhile
            return made
        with disk_errors(made), scratch_dir(made.parent, ".make") as scratch:
            try:
                _unpack(scratch, current)
            except UnavailableError as error:
                if made.exists():  # of another machine
                    current.note = f"taken as it is: {made}"
                    return made
                error.hint = f"copy {made} from a machine with Debian's apt"
                raise
            with whole_file(made) as temporary:
                _compile(scratch, temporary, current)
                temporary.chmod(0o755)
        for old in made.parent.glob("run-*"):
            old.unlink(missing_ok=True)
        stamp.touch()
    return made


def _unpack(root: Path, current: Stage) -> None:
    from hpcpy.engine.debs import download  # noqa: PLC0415  # apt's, for its one use

    for deb in download(frozenset(_PACKAGES), layout().debian):
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
