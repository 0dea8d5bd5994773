"""The program behind the commands of a packed environment: compiled once, static.

It is linked with squashfuse, libfuse and glibc of Debian's packages: it starts on any Linux,
whatever that has, and asks for no library.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import scratch_dir, whole_file
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import stage
from hpcpy.engine.prefix import layout
from hpcpy.engine.setup import ensure

SOURCES = paths.ROOT / "src/pack"
_PACKAGES = (
    *("libsquashfuse-dev", "libfuse3-dev", "libzstd-dev", "zlib1g-dev", "liblzma-dev"),
    *("liblz4-dev", "libc6-dev", "linux-libc-dev"),
)
# LZO's licence is GPL's, and nobody packs with it.
_LINKED = (
    *("-lsquashfuse_ll", "-lsquashfuse", "-lfuse3", "-lzstd", "-lz", "-llzma", "-llz4"),
    "-Wl,--defsym=lzo1x_decompress_safe=0",
)
_FLAGS = (
    *("-O2", "-Wall", "-Wextra", "-static", "-s"),
    *("-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-DFUSE_USE_VERSION=32"),
)


def launcher() -> Path:
    """Return the launcher, which is made unless it is there and newer than its sources."""
    from hpcpy.fetch.debian import fetch_newest  # noqa: PLC0415  # for its one use

    made = paths.TOOLS / "pack/run"
    newest = max(file.stat().st_mtime for file in (*SOURCES.iterdir(), Path(__file__)))
    if made.exists() and made.stat().st_mtime > newest:
        return made
    with (
        checkout_lock(),
        stage("make the launcher of packed environments") as current,
        scratch_dir(made.parent, ".make") as root,
        whole_file(made) as temporary,
    ):
        try:
            debs = fetch_newest(frozenset(_PACKAGES), layout().debian)
        except UnavailableError as error:
            error.hint = "copy build/tools/pack/run here from a machine with Debian's apt"
            raise
        for deb in debs:
            current.run(["dpkg-deb", "--extract", deb, root])
        current.run([*_compiler(root), "-o", temporary, *sorted(SOURCES.glob("*.c")), *_LINKED])
        temporary.chmod(0o755)
    return made


def _compiler(root: Path) -> list[str]:
    compiler = shutil.which("cc") or shutil.which("gcc") or str(ensure("compilers").path("gcc"))
    libraries, include = root / layout().libraries, root / "usr/include"
    folders = (include / libraries.name, include / "fuse3", include / "squashfuse")
    command = [compiler, *_FLAGS, f"--sysroot={root}", f"-B{libraries}", f"-L{libraries}"]
    return [*command, *(f"-isystem{folder}" for folder in folders)]
