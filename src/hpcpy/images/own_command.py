"""The command ``hpcpy`` of images, the one file and the wheel, with what it needs of a checkout.

In images it is the last layer: an edit of a page builds no image anew.
"""

from __future__ import annotations

import functools
import io
import tarfile
from modulefinder import ModuleFinder
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import all_below
from hpcpy.core.pages import pages

_FOLDER = "opt/hpcpy/share/hpcpy/tool"
_SCRIPTS = "src/hpcpy/launch/scripts"
_COMMAND = """\
#!/opt/hpcpy/bin/python3 -IB
import runpy
import sys

# The image wheels has the tool alone; in all others the package of the image comes first.
sys.path.append("/opt/hpcpy/share/hpcpy/tool/src")
runpy.run_module("hpcpy", run_name="__main__")
"""
# Commands that need no checkout, and what they import of it alone.
_COMMANDS = (
    *("hpcpy.launch.command", "hpcpy.launch.settings", "hpcpy.launch.modulefile"),
    *("hpcpy.launch.kernelspec", "hpcpy.core.pages"),
)
# No image has it: in a container the host's paths and programs are elsewhere.
_ON_HOSTS = ("hpcpy.pack.command",)
_NOT_THERE = (
    *("hpcpy.images", "hpcpy.engine.prefix", "hpcpy.engine.podman", "hpcpy.engine.setup"),
    "hpcpy.cluster",
)
# The images' own packages, which only the wheel has beside the commands.
_PACKAGES = ("hpcpy_common", "hpcpy_job", "workloads")


def files(*, on_hosts: bool = False, compiles: bool = False) -> tuple[Path, ...]:
    """Return the modules of the commands, and the files that these read.

    `compiles`: also what makes the launcher of packed environments, which the one file has.
    """
    return _files(paths.ROOT, on_hosts=on_hosts, compiles=compiles)


@functools.cache
def _files(root: Path, *, on_hosts: bool, compiles: bool) -> tuple[Path, ...]:
    left_out = _NOT_THERE if compiles else (*_NOT_THERE, "hpcpy.fetch")
    finder = ModuleFinder(path=[str(root / "src")], excludes=[*_PACKAGES, *left_out])
    finder.run_script(str(root / "src/hpcpy/__main__.py"))
    for name in (*_COMMANDS, *(_ON_HOSTS if on_hosts else ())):
        finder.import_hook(name)
    modules = (getattr(module, "__file__", None) for module in finder.modules.values())
    others = [
        *(root / "env/sites").iterdir(),
        *(root / _SCRIPTS).iterdir(),
        *pages(root).values(),
        root / "pyproject.toml",  # The version
    ]
    if on_hosts:
        # With its sources: LGPL's glibc and libfuse are linked into the launcher.
        others += [*(root / "src/hpcpy/pack/launcher").iterdir(), root / "env/tools.toml"]
    if compiles:
        others += [root / "env/debian.toml", root / "env/debian.lock"]
    return (*sorted(Path(file) for file in modules if file), *sorted(others))


def wheel() -> dict[str, Path]:
    """Return the files of the wheel by their places in it; what is no module lies in ``share``."""
    source = paths.ROOT / "src"
    own = (path for name in _PACKAGES for path in sorted(all_below(source / name)))
    others = (path for path in own if path.is_file() and path.suffix not in (".pyc", ".so"))
    return {
        str(path.relative_to(source))
        if path.is_relative_to(source)
        else f"hpcpy/share/{path.relative_to(paths.ROOT)}": path
        for path in (*files(on_hosts=True, compiles=True), *others)
    }


def layer(time: int) -> bytes:
    """Return a layer of an image, as a tar file of one time, whatever the umask."""
    contents = {"opt/hpcpy/bin/hpcpy": _COMMAND.encode()}
    for path in files():
        contents[f"{_FOLDER}/{path.relative_to(paths.ROOT)}"] = path.read_bytes()
    # Those of the layers below stay as they are.
    ups = {up for name in contents for up in Path(name).parents if up.is_relative_to(_FOLDER)}
    folders = {str(up) for up in ups}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted((*contents, *folders)):
            content, entry = contents.get(name, b""), tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if name in folders else tarfile.REGTYPE
            entry.mode = 0o644 if name.startswith(_FOLDER) and name in contents else 0o755
            entry.size, entry.mtime = len(content), time
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()
