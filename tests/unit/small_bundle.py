"""A small installation, its bundle, and a Python that imports from it."""

import os
import sys
import textwrap
from pathlib import Path

from running import Done, run

# Not a venv's, which would see no packages but its own.
PYTHON: str = getattr(sys, "_base_executable", sys.executable)
INTERP = Path(__file__).parents[2] / "src/interp"
FEATURES = INTERP / "features"
# Those of all features that the image `hpcpy` has.
_ROOMS = (
    INTERP,
    *(INTERP / name for name in ("importer", "packages", "tools")),
    *sorted(FEATURES.iterdir()),
)
_FOLDERS = [str(path) for path in _ROOMS if path.is_dir()]
sys.path[:0] = _FOLDERS

# The library's folder has no standard library here: the running Python's is used.
_PATHS = """
import posix, sys
at = next(i for i, path in enumerate(sys.path) if path.startswith(sys.base_prefix + "/"))
sys.path.insert(at, {library!r})
sys.path.append({site!r})
"""
# What the executable does in C.
_START = """
sys.path[:0] = {folders!r}
import _hpcpy_baked, _hpcpy_caches, _hpcpy_importer, _hpcpy_metadata
import _hpcpy_registered, _hpcpy_say, _hpcpy_site
sys.path[:] = [path for path in sys.path if path not in {folders!r}]
with open({bundle!r}, "rb") as file:
    _hpcpy_importer.install(memoryview(file.read()), {library!r})
_start = _hpcpy_importer.finder().start
_start.program, _start.pythonpath = "-c", frozenset(path for path in sys.path[:at] if path)
_start.libraries += [path for path in sys.path if path.startswith(sys.base_prefix + "/")]
"""


class Installation:
    """Folders of modules below ``lib``, of texts by their path in site-packages."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        self.library = folder / "lib"
        self.site = self.library / "site-packages"
        self.site.mkdir(parents=True)
        self.epoch: int | None = None
        write(self.site, files)

    def bundle(self) -> bytes:
        """Return the bundle of the library's folder and of site-packages."""
        from bundle.about import describe
        from bundle.features import hook_files, hooks
        from bundle.tree import scan
        from bundle.write import write_bundle

        roots = [self.library, self.site]
        folders = [
            found for root in roots for found in scan(root, str(root), is_open=root == self.site)
        ]
        top_level = next(found.entries for found in folders if found.path == self.site)
        about = describe(self.site, top_level, [], {})
        more = {"epoch": self.epoch, "hooks": hooks(hook_files(["bake"]))}
        return write_bundle([str(root) for root in roots], folders, about, more)

    def run(self, program: str, *options: str, stock: bool = False, **variables: str) -> Done:
        """Run a program in a Python that has the bundle, which the first run makes.

        A stock one has the modules as files.
        """
        file = self.folder / "modules.bundle"
        if not file.exists():
            file.write_bytes(self.bundle())
        folders = {"library": str(self.library), "site": str(self.site)}
        start = (_PATHS + _START * (not stock)).format(
            folders=_FOLDERS, bundle=str(file), **folders
        )
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HPCPY"))}
        words = (PYTHON, *options, "-c", start + textwrap.dedent(program))
        env = {**environment, "PYTHONDONTWRITEBYTECODE": "1", **variables}
        return run(*words, env=env, cwd=self.folder)

    def says(self, program: str, *options: str, stock: bool = False, **variables: str) -> str:
        """Return what a program prints; it must end with 0 and write nothing to stderr."""
        done = self.run(program, *options, stock=stock, **variables)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.strip()


def write(folder: Path, files: dict[str, str]) -> None:
    """Write texts, dedented, by their paths below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def distribution(name: str, version: str, *files: str) -> dict[str, str]:
    home = f"{name}-{version}.dist-info"
    return {
        f"{home}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
        "License-Expression: MIT\n",
        f"{home}/RECORD": "".join(f"{file},,\n" for file in (*files, f"{home}/METADATA")),
    }
