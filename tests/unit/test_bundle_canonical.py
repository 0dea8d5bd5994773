"""Marshalled code depends on the source alone, and loads as what it was."""

from __future__ import annotations

import marshal
import os
import sys
import types

from small_bundle import INTERP

from running import run

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


def test_code_runs_as_before() -> None:
    from bundle.canonical import canonical

    module: dict[str, object] = {"__name__": "m"}
    code = compile(SOURCE, "/somewhere.py", "exec", dont_inherit=True)
    loaded = marshal.loads(canonical(code))  # noqa: S302
    exec(loaded, module)  # noqa: S102
    f = module["f"]
    assert isinstance(f, types.FunctionType)
    assert [repr(value) for value in f.__defaults__ or ()] == ["(1, 1.0, True, -0.0, 0.0)"]
    inner, is_in, letters = f("one")
    assert (is_in, letters) == (True, ["a", "b", "c"])
    assert inner()[1][:2] == (12345678901234567890123, -98765432109876543210)
    assert loaded.co_filename == "/somewhere.py"
