"""The bundle's bytes: they depend on the sources alone, and the next CPython writes them, too."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from small_bundle import INTERP, Installation

from hpcpy.pins.model import sources
from running import run


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, {"pack.py": '"""Doubles."""\n'})


def test_bundle_of_another_python_is_refused(installed: Installation) -> None:
    data = bytearray(installed.bundle())
    data[data.rindex(b"hpcpy 4\n") + 8] ^= 1
    (installed.folder / "modules.bundle").write_bytes(data)
    assert "are not those of this Python" in installed.run("").stderr


def test_self_check_finds_a_changed_byte(installed: Installation) -> None:
    program = f"""
        sys.path.insert(0, {str(INTERP / "tools")!r})
        sys.argv[1:] = ["--check"]
        import hpcpy_info
        sys.exit(hpcpy_info.main())
        """
    assert "modules in memory, each as it was built" in installed.says(program)
    file = installed.folder / "modules.bundle"
    good = file.read_bytes()
    at = good.index(b"Doubles.")
    file.write_bytes(good[:at] + b"T" + good[at + 1 :])
    done = installed.run(program)
    assert (done.returncode, done.stderr.count("\n")) == (65, 1)
    assert "get the image again" in done.stderr


SOURCE = '''
"""A docstring, "shared text", shared text"""
import os.path as path, sys
ANSWERS = {"one", "two", "three", "four", "five", "six"}
def f(a, /, b=(1, 1.0, True, -0.0, 0.0), *, c=b"shared bytes") -> "shared text":
    x = 12345678901234567890123, -98765432109876543210, 1.5j, ..., None, "\\ud800", "é" * 3
    def inner():
        nonlocal x
        return a, x, "shared text and more than five", "shared text and more than five"
    return inner, a in {"one", "two", "three", 3, 4.5, (1, "x")}, [i for i in "abc"]
class C[T]:
    __slots__ = ("alpha", "beta")
    def method(self): self.alpha = self.beta = self.gamma = __class__
'''
if sys.version_info < (3, 12):
    SOURCE = SOURCE.replace("C[T]", "C")

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from bundle.canonical import canonical
code = compile(sys.stdin.read(), "/somewhere.py", "exec", dont_inherit=True)
if len(sys.argv) > 2:
    # Each constant is referred to from elsewhere, each name interned by others.
    kept = [code.co_consts, [c for c in code.co_consts], *[c for c in code.co_consts]]
    kept += [getattr(c, n) for c in code.co_consts for n in dir(c) if n.startswith("co_")]
    globals().update(dict.fromkeys(["ANSWERS", "alpha", "beta", "inner", "nonlocal_"]))
print(canonical(code).hex())
"""


def marshalled(seed: int, *options: str) -> str:
    words = (sys.executable, "-c", PROGRAM, INTERP, *options)
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return run(*words, input=SOURCE, env=env, check=True).stdout


def test_bytes_depend_on_no_hash_seed_and_no_other_reference() -> None:
    assert marshalled(1) == marshalled(2) == marshalled(3, "kept")


UNIT = Path(__file__).parents[1]
WRITES = """
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
    done = run(python, "-c", WRITES, UNIT, UNIT.parent)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "Loader 7\n")
