"""The bundle is written and imported from by the next CPython, where this machine has it."""

import os
import shutil
from pathlib import Path

import pytest

from hpcpy.pins.model import sources
from running import run

UNIT = Path(__file__).parents[1]
PROGRAM = """
import dataclasses, importlib.util, marshal, sys, tempfile
from pathlib import Path
sys.path[:0] = sys.argv[1:]
from small_bundle import Installation
from bundle.canonical import canonical

modules = "argparse ast asyncio.tasks dataclasses enum json.decoder re._parser typing".split()
for name in modules:
    code = importlib.util.find_spec(name).loader.get_code(name)
    loaded = marshal.loads(canonical(code))
    assert loaded == code and canonical(loaded) == canonical(code), name
with tempfile.TemporaryDirectory() as folder:
    files = {"pack/__init__.py": "", "pack/part.py": "def f(x=7): yield x"}
    print(Installation(Path(folder), files).says(
        "import pack.part; print(pack.part.__spec__.loader.__class__.__name__, *pack.part.f())"
    ))
"""


def next_python() -> str:
    major, minor, _ = sources()["python"].version.split(".")
    return f"python{major}.{int(minor) + 1}"


def test_the_next_release_writes_the_bundle_and_imports_from_it() -> None:
    python = os.environ.get("HPCPY_NEXT_PYTHON") or shutil.which(next_python())
    if python is None:
        name = next_python()
        pytest.skip(
            f"no {name} here; where Debian has it: apt-get install {name}, or name one "
            "in HPCPY_NEXT_PYTHON"
        )
    done = run(python, "-c", PROGRAM, UNIT, UNIT.parent)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "Loader 7\n")
