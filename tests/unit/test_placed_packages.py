"""A package that opens its own files gets them on the node; its modules come from memory."""

import os
import runpy
import shutil
import sys
import types
from pathlib import Path
from unittest import mock

import pytest
from small_bundle import INTERP, Installation

FILES = {
    "PIL/__init__.py": """\
        import os
        HERE = os.path.dirname(__file__)
        def text(*names):
            with open(os.path.join(HERE, *names)) as file:
                return file.read()
        """,
    "PIL/data/deep/text.txt": "of the package\n",
    "PIL/inner.py": "from PIL import text\nVALUE = text('data', 'deep', 'text.txt')\n",
    "pillow.libs/beside.txt": "beside it\n",
    "plain/__init__.py": "",
    "plain/text.txt": "in memory\n",
}
# As the executable has its files: `recipes/standalone/files.py` has packed them.
START = """
    import marshal, sys, types
    sys.path.append({importer!r})
    with open("files.pack", "rb") as file:
        data = memoryview(file.read())
    sys.modules["_hpcpy_bundle"] = types.SimpleNamespace(files=lambda: data, loads=marshal.loads)
    import _hpcpy_memory
    _hpcpy_memory.Bundle.has_files = True
    sys.base_prefix = {prefix!r}
"""
IMPORTS = """
    import inspect, pkgutil, PIL, PIL.inner
    print(PIL.inner.VALUE + PIL.text("..", "pillow.libs", "beside.txt"), end="")
    print(inspect.getsource(PIL.text).split()[1])
    print(pkgutil.get_data("PIL", "data/deep/text.txt"), pkgutil.get_data("plain", "text.txt"))
    print(type(PIL.inner.__loader__).__name__)
    print(PIL.HERE)
"""
SAID = """\
of the package
beside it
text(*names):
b'of the package\\n' b'in memory\\n'
Loader
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """Give an installation that has only its bundle and packed files."""
    made = Installation(tmp_path, FILES)
    (tmp_path / "modules.bundle").write_bytes(made.bundle())
    # No zstd in the host's Python; files are kept as they are where that is smaller.
    zstd = types.SimpleNamespace(compress=lambda plain, _: plain + b"larger")
    packages = {"compression": types.SimpleNamespace(zstd=zstd)}
    with mock.patch.dict(sys.modules, packages):
        pack = runpy.run_path(str(INTERP.parents[1] / "recipes/standalone/files.py"))["main"]
        pack(str(tmp_path / "files.pack"), str(made.library))
    shutil.rmtree(made.library)
    return made


def says(installed: Installation, place: Path, program: str = IMPORTS) -> str:
    start = START.format(importer=str(INTERP / "importer"), prefix=str(installed.folder))
    return installed.says(start + program, TMPDIR=str(place))


def test_its_files_are_placed_and_its_modules_come_from_memory(
    installed: Installation, tmp_path: Path
) -> None:
    *said, here = says(installed, tmp_path).splitlines()
    assert "\n".join([*said, ""]) == SAID
    (root,) = tmp_path.glob(f"hpcpy-{os.getuid()}/*")
    folder = Path(f"{root}{installed.library}")
    assert here == f"{folder}/site-packages/PIL"
    placed = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.is_file())
    assert placed == [
        "site-packages/PIL/__init__.py",
        "site-packages/PIL/data/deep/text.txt",
        "site-packages/PIL/inner.py",
        "site-packages/pillow.libs/beside.txt",
    ]
    assert (root.parent.stat().st_mode | root.stat().st_mode) & 0o077 == 0


def test_a_file_that_is_cut_short_is_placed_again(installed: Installation, tmp_path: Path) -> None:
    first = says(installed, tmp_path)
    (root,) = tmp_path.glob(f"hpcpy-{os.getuid()}/*")
    folder = Path(f"{root}{installed.site}")
    kept, cut = folder / "pillow.libs/beside.txt", folder / "PIL/data/deep/text.txt"
    before = kept.stat().st_ino
    cut.chmod(0o700)
    cut.write_bytes(b"of")
    # A start that was killed has left it.
    cut.with_name("text.txt.part").write_bytes(b"o")
    assert says(installed, tmp_path) == first
    assert kept.stat().st_ino == before
    assert [path.name for path in cut.parent.iterdir()] == ["text.txt"]


def test_without_a_folder_a_line_says_what_to_do(installed: Installation, tmp_path: Path) -> None:
    program = """
    import _hpcpy_files
    _hpcpy_files.folders = lambda: ["/proc/version/own", "/nowhere/own"]
    try:
        import PIL
    except ImportError as error:
        print(error)
    """
    assert says(installed, tmp_path, program) == (
        "hpcpy: no folder for PIL: /proc/version/own: Not a directory; "
        "/nowhere/own: No such file or directory; name another one in TMPDIR"
    )
