"""What pack starts: a checkout provides it; elsewhere the host, and the one file the launcher."""

from __future__ import annotations

import shutil
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import scratch_dir, whole_file
from hpcpy.core.stages import stage
from hpcpy.engine.tools import here

# With the script that starts a command where the launcher cannot mount.
SOURCES = Path(__file__).with_name("launcher")


def program(name: str, enough: str = "", *, group: str = "apptainer") -> Path:
    """Return the path of Apptainer's program, or of one that it brings; see `here`."""
    if not paths.IS_CHECKOUT:
        return here(name, enough)
    from hpcpy.engine.setup import ensure  # noqa: PLC0415  # only a checkout installs

    return ensure(group)[name].path


def mksquashfs(*, is_plain: bool) -> Path:
    """Return the path of mksquashfs for an image of one folder as it is, or of more."""
    # RHEL 9's, 4.4, has neither whole paths (-no-strip) nor links to other files (-pf).
    return program("mksquashfs", "4.4" if is_plain else "")


def unsquashfs(*, is_named: bool) -> Path:
    """Return the path of unsquashfs; what is named to it is to be no pattern."""
    if paths.IS_CHECKOUT:
        return program("mksquashfs").with_name("unsquashfs")
    return here("unsquashfs", "" if is_named else "4.4", beside="mksquashfs")


def apptainer() -> str:
    """Return Apptainer's path, for starts that cannot mount; without a checkout it may lack."""
    return str(program("apptainer")) if paths.IS_CHECKOUT else shutil.which("apptainer") or ""


def launcher() -> Path:
    """Return the launcher: the one file's, or one compiled here that is newer than its sources."""
    if (own := SOURCES / "run").exists():
        return own
    site, folder = paths.TOOLS / "pack/run", paths.writable(paths.TOOLS / "pack")
    made = folder / site.name
    newest = max(file.stat().st_mtime for file in SOURCES.iterdir())
    if made != site and site.exists():
        # Whatever time a copy has given it.
        return site
    if not made.exists() or made.stat().st_mtime <= newest:
        _compile(made)
    return made


def _compile(made: Path) -> None:
    from hpcpy.fetch.artifacts import take  # noqa: PLC0415  # the one file has none of these
    from hpcpy.fetch.deb import unpack  # noqa: PLC0415
    from hpcpy.fetch.debian import fetch_debs  # noqa: PLC0415
    from hpcpy.pins.model import host_arch  # noqa: PLC0415

    compiler = shutil.which("cc") or shutil.which("gcc") or program("gcc", group="compilers")
    with (
        stage("make the launcher of packed environments") as current,
        scratch_dir(made.parent, ".make") as root,
        whole_file(made) as temporary,
    ):
        for deb in fetch_debs("launcher", host_arch()).values():
            unpack(take(deb, root / deb.name), root)
        current.run(["sh", SOURCES / "compile.sh", root, temporary], env={"CC": str(compiler)})
        temporary.chmod(0o755)
