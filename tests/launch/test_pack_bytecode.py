"""`./hpcpy pack` compiles into the image what has no bytecode, and leaves the folder as it is."""

import importlib.util
import os
import py_compile
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packing import COMMAND, ENV, PYTHON, conda_like, pack, packed, require, tree

from hpcpy.pack.image import image_of
from hpcpy.pack.places import beside
from running import run

LIBRARY = Path("lib") / PYTHON.name
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
# What a start compiles of the modules that it is told to import.
COMPILES = """
import importlib, os, sys
compiled = []
sys.addaudithook(lambda event, words: event == "compile" and compiled.append(words[1]))
values = [importlib.import_module(name).VALUE for name in sys.argv[1:]]
print(values, sorted(os.path.basename(path) for path in compiled if isinstance(path, str)))
"""


def module(path: Path, value: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"VALUE = {value}\n")
    return path


def stale(path: Path) -> None:
    py_compile.compile(str(path))
    os.utime(path, (1_500_000_000, 1_500_000_000))


def hashed(path: Path) -> None:
    py_compile.compile(str(path), invalidation_mode=UNCHECKED)
    module(path, 7)  # nobody looks at it


def linked(path: Path) -> None:
    path.rename(path.with_name("behind.py"))
    path.symlink_to("behind.py")


def latin(path: Path) -> None:
    path.write_bytes(b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\nVALUE = 1\n")


def no_folder(path: Path) -> None:
    path.parent.joinpath("__pycache__").symlink_to("nowhere")


# What a module is made to be, and what a start then compiles: only what could not be before.
KINDS: dict[str, tuple[Callable[[Path], object], bool]] = {
    "new": (lambda _: None, False),
    "valid": (lambda path: py_compile.compile(str(path)), False),
    "stale": (stale, False),
    "hashed": (hashed, False),
    "linked": (linked, False),
    "latin": (latin, False),
    "unwritable": (lambda path: path.parent.chmod(0o555), False),
    "private": (lambda path: path.chmod(0o640), False),
    "no_folder": (no_folder, True),
}


@pytest.mark.parametrize("is_several", [False, True])
def test_a_start_compiles_nothing(tmp_path: Path, is_several: bool) -> None:
    require()
    base = conda_like(tmp_path / "env")
    for kind, (change, _) in KINDS.items():
        change(module(base / LIBRARY / kind / "mine.py"))
    # No Python, and what no import can name.
    (base / LIBRARY / "wrong.py").write_text("VALUE = {% value %}\n")
    (base / LIBRARY / "null.py").write_bytes(b"VALUE = 1\0")
    module(base / LIBRARY / "a template/__init__.py")
    prefix = base
    if is_several:
        prefix = tmp_path / "venv"
        made = run(base / "bin/python", "-m", "venv", "--without-pip", prefix, env=ENV)
        assert made.returncode == 0, made
        module(prefix / LIBRARY / "site-packages/own.py")
        (prefix / LIBRARY / "site-packages/own.pth").write_text(f"{prefix}/an odd 'one'\n")
        module(prefix / "an odd 'one'/odd.py")
    private = base / LIBRARY / "private/mine.py"
    before, time = [tree(base), tree(prefix)], int(private.stat().st_mtime)
    done = pack(prefix)
    assert done.returncode == 0, done
    after = base if is_several else beside(base, "unpacked")
    assert [tree(after), tree(beside(prefix, "unpacked"))] == before
    expected = [kind for kind, (_, is_compiled) in KINDS.items() if is_compiled]
    names = [f"{kind}.mine" for kind in KINDS] + (["own", "odd"] if is_several else [])
    shown = run(prefix / "bin/python", "-c", COMPILES, *names, env=ENV)
    assert shown.stdout == f"{[1] * len(names)} {['mine.py'] * len(expected)}\n", shown
    cache = importlib.util.cache_from_source(private)
    shown = run(prefix / "bin/pack-exec", "stat", "-c", "%a %Y", cache, env=ENV)
    assert shown.stdout == f"640 {time}\n", shown
    assert ", 2 cannot be: no Python of this version)" in done.stderr


def test_bytecode_never_hides_a_later_change(prefix: Path) -> None:
    mine = module(prefix / LIBRARY / "mine.py")
    os.utime(mine, (1_500_000_000, 1_500_000_000))
    packed(prefix)
    shutil.rmtree(beside(prefix, "unpacked"))
    show = (prefix / "bin/python", "-B", "-c", COMPILES, "mine")
    assert run(*show, env=ENV).stdout == "[1] []\n"
    change = f"import os; open({str(mine)!r}, 'w').write('VALUE = 2\\n')"
    done = pack("--update", prefix, "--", "python", "-c", change)
    assert done.returncode == 0, done
    assert run(*show, env=ENV).stdout == "[2] []\n"
    assert pack("--undo", prefix).returncode == 0
    assert run(*show, env=ENV).stdout == "[2] []\n"
    os.utime(module(mine, 3), (1_600_000_000, 1_600_000_000))
    assert run(*show, env=ENV).stdout == "[3] ['mine.py']\n"


def test_an_image_has_the_same_bytes_on_however_many_cores(prefix: Path) -> None:
    # More files than one process compiles.
    for number in range(250):
        text = f"NAMES = {{'a', 'b', 'c{number % 7}', 'd'}}\ndef f(x): return x in {{'a', 'b'}}\n"
        (prefix / LIBRARY / f"mine{number}.py").write_text(text)
    images = []
    for core in ("0", "0-63"):
        done = run("taskset", "--cpu-list", core, *COMMAND, prefix)
        assert done.returncode == 0, done
        assert "(250 files" in done.stderr
        image = bytearray(image_of(prefix).read_bytes())
        image[8:12] = b""  # when it was made
        images.append(image)
        assert pack("--undo", prefix).returncode == 0
    assert images[0] == images[1]


PYTHONS = {
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "prints": "#!/bin/sh\necho files\n",
}


@pytest.mark.parametrize("kind", PYTHONS)
def test_a_python_that_cannot_run_ends_no_pack(prefix: Path, kind: str) -> None:
    python = prefix / "bin/python3"
    python.unlink()
    python.write_text(PYTHONS[kind])
    python.chmod(0o755)
    done = pack(prefix)
    assert done.returncode == 0, done
    is_said = f"each start may compile Python files: {prefix}/bin/python: " in done.stderr
    assert is_said == (kind != "prints")
