"""The command ``hpcpy`` of images and of the one file, with what it needs of this checkout."""

from __future__ import annotations

import functools
import io
import tarfile
from modulefinder import ModuleFinder
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.pages import pages

_FOLDER = "share/hpcpy/tool"
_SCRIPTS = "src/launch"
_COMMAND = f"""\
#!/usr/bin/env -S python3 -IB
import sys

sys.path.insert(0, "/opt/hpcpy/{_FOLDER}/src")
from hpcpy.__main__ import main
from hpcpy.core.parser import entry

sys.exit(entry(main))
"""
# Commands that need no checkout, and what they import of it alone.
_COMMANDS = (
    *("hpcpy.launch.command", "hpcpy.launch.settings", "hpcpy.launch.modulefile"),
    *("hpcpy.launch.kernelspec", "hpcpy.core.pages"),
)
_NOT_THERE = (
    *("hpcpy.images", "hpcpy.engine.prefix", "hpcpy.engine.podman", "hpcpy.engine.setup"),
    *("hpcpy_cluster",),
)


def files() -> tuple[Path, ...]:
    """Return the modules of the commands, and the files that these read."""
    return _files(paths.ROOT)


@functools.cache
def _files(root: Path) -> tuple[Path, ...]:
    # The image has these, and the standard library.
    own = ["hpcpy_common", "hpcpy_job", "workloads"]
    finder = ModuleFinder(path=[str(root / "src")], excludes=[*own, *_NOT_THERE])
    finder.run_script(str(root / "src/hpcpy/__main__.py"))
    for name in _COMMANDS:
        finder.import_hook(name)
    modules = (getattr(module, "__file__", None) for module in finder.modules.values())
    others = (
        *(root / "env/sites").iterdir(),
        *(root / _SCRIPTS).iterdir(),
        *pages(root).values(),
        root / "pyproject.toml",  # The version
    )
    return (*sorted(Path(file) for file in modules if file), *sorted(others))


def add_tool(folder: Path, time: int) -> None:
    """Add a tar file to a context: what lies below ``/opt/hpcpy``, whatever the umask."""
    with tarfile.open(folder / "tool.tar", "w") as archive:
        _add(archive, "bin/hpcpy", _COMMAND.encode(), 0o755, time)
        for path in files():
            name = f"{_FOLDER}/{path.relative_to(paths.ROOT)}"
            _add(archive, name, path.read_bytes(), 0o644, time)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int, time: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), mode, time
    archive.addfile(entry, io.BytesIO(content))
