"""numba's cache beside extensions of numba's: never what an extension no longer compiles.

Beside a user's own extension nothing is cached, beside an installed package's all.

`extended_programs.py` has the kinds of extensions.
"""

import os
from pathlib import Path

import pytest
from extended_programs import EXTENSION, KINDS, PROGRAM
from numba_programs import COUNTING, KERNELS, ran, script

from running import printed, python
from tiers import sampled
from workloads.mandel.grid import AREAS

OVERLOADS = "from numba.extending import overload\ndef foo(x): pass\ndef bar(x): pass\n"
# The kinds that numba runs no Python of to compile them.
CACHED = {
    *("a function registered as jitable", "a dispatcher", "a stencil", "a jitclass"),
    "a global variable",
}
# With a line before, and what is added.
FOO = OVERLOADS + "@overload(foo)\ndef _(x):\n    n = {}\n    return lambda x: x + n\n"
BAR = OVERLOADS + "overload(bar)(lambda x: lambda x: x * {})\n"
HELD = "class Held:\n    n = {}\n    def __reduce_ex__(self, version): raise TypeError\n"
HELD += "held = Held()\n"
INIT = OVERLOADS + "def init(): overload(foo)(lambda x: lambda x: x + {})\n"
ENTRY = {
    "ext-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: ext\nVersion: 1\n",
    "ext-1.dist-info/entry_points.txt": "[numba_extensions]\ninit = ext:init\n",
}
THREAD = "import threading\nt = threading.Thread(target=__import__, args=('ext',))\n"
THREAD += "t.start(); t.join()\nfrom ext import foo"
SITE = "sys.path.insert(0, sys.path[0] + '/site-packages')\nfrom pkg import foo"
# What the program has before `f`, and what `f` returns; the files that it imports, and some
# after an edit.  Each is run twice; the names are what the program imports first.
Texts = dict[str, str]
CASES: dict[str, tuple[str, str, Texts, Texts, Texts, Texts]] = {
    "two extensions in any order": (
        "from ext import foo\nfrom more import bar", "foo(bar(x))",
        {"ext.py": FOO.format(1), "more.py": BAR.format(3)}, {"more.py": BAR.format(5)},
        {"ext more": "4 0", "more ext": "4 0"}, {"more ext": "6 0", "ext more": "6 0"},
    ),
    # Nobody knows before numba compiles that there is another.
    "one that imports another while numba compiles": (
        "from ext import foo", "foo(x)",
        {"ext.py": FOO.format("__import__('more').N"), "more.py": "N = 1\n"},
        {"more.py": "N = 2\n"}, {"": "2 0", "ext": "2 0"}, {"": "3 0", "ext": "3 0"},
    ),
    "one that a function registers": (
        "import ext\next.init()\nfrom ext import foo", "foo(x)",
        {"ext.py": INIT.format(1)}, {"ext.py": INIT.format(2)},
        {"": "2 0", "ext": "2 0"}, {"": "3 0", "ext": "3 0"},
    ),
    "one that a thread imports": (
        THREAD, "foo(x)", {"ext.py": FOO.format(1)}, {"ext.py": FOO.format(2)},
        {"": "2 0", "math": "2 0"}, {"": "3 0", "math": "3 0"},
    ),
    # As numba asks each package that is installed.
    "one that numba itself looks for": (
        "from ext import foo", "foo(x)",
        {"ext.py": INIT.format(1), **ENTRY}, {"ext.py": INIT.format(2)},
        {"": "2 0", "ext": "2 0"}, {"": "3 0", "ext": "3 0"},
    ),
    # Its version counts.
    "one that is installed": (
        SITE, "foo(x)",
        {"site-packages/pkg/__init__.py": FOO.format(1)},
        {"site-packages/pkg/__init__.py": FOO.format("1 + 1")},
        {"": "2 0", "math": "2 1"}, {"": "3 0", "math": "3 1"},
    ),
    "one that nobody can describe": (
        "from ext import foo", "foo(x)",
        {"ext.py": HELD.format(1) + FOO.format("held.n")},
        {"ext.py": HELD.format(2) + FOO.format("held.n")},
        {"": "2 0", "ext": "2 0"}, {"": "3 0", "ext": "3 0"},
    ),
}  # fmt: skip
# Which of two overloads counts depends on which numba has seen first.
LATE = """
import numba, numpy as np
@numba.njit(cache=True)
def first(x): return x + 1
first(1)
@numba.extending.overload(np.median)
def _(a): return lambda a: -1.0
@numba.njit
def second(a): return np.median(a)
print(second(np.ones(3)), sum(first.stats.cache_hits.values()))
"""
# The image has code of its kernels as they are without an extension.
BESIDE = "import numba\n@numba.extending.overload(abs)\ndef _(x): pass\n"


def answer(folder: Path, *words: str | Path) -> str:
    variables = {"NUMBA_CACHE_DIR": f"{folder}/cache", "PYTHONDONTWRITEBYTECODE": "1"}
    return printed(python(*words, **variables)).strip()


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if "site-packages" not in name:
            os.utime(path, (1, 1))  # An edit in the same second.


@pytest.mark.parametrize("what", sampled(KINDS, 4))
def test_an_edit_of_an_extension_is_seen(what: str, tmp_path: Path) -> None:
    before, returned, extension, answers = KINDS[what]
    (tmp_path / "program.py").write_text(PROGRAM.format(before, returned))
    first, second = answers
    for edit, hits in ((first, 0), (first, 1), (second, 0), (first, 1)):
        put(tmp_path, {"ext.py": EXTENSION + extension.replace("{}", edit)})
        got = answer(tmp_path, tmp_path / "program.py", "ext")
        assert (edit, got) == (edit, f"{answers[edit]} {hits if what in CACHED else 0}")


@pytest.mark.parametrize("what", sampled(CASES, 3))
def test_an_extension_is_seen_whenever_it_comes(what: str, tmp_path: Path) -> None:
    before, returned, files, edited, first, second = CASES[what]
    (tmp_path / "program.py").write_text(PROGRAM.format(before, returned))
    for content, answers in ((files, first), (edited, second)):
        put(tmp_path, content)
        for names, right in answers.items():
            got = answer(tmp_path, tmp_path / "program.py", *names.split())
            assert (names, got) == (names, right)


def test_an_extension_comes_after_numbas_own_where_the_cache_is_full_too(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(LATE)
    assert [answer(tmp_path, tmp_path / "program.py") for _ in "ab"] == ["1.0 0", "1.0 1"]


@pytest.mark.parametrize("beside", ["", BESIDE])
def test_kernels_of_the_image_are_right_beside_an_extension(beside: str, tmp_path: Path) -> None:
    kernels = KERNELS.format(rows=["numba"], areas=["area1"])
    seen, said = ran(script(tmp_path / "code", COUNTING, beside, kernels), tmp_path)
    assert (seen["answers"], said) == ([AREAS["area1"].sha256], "")
    assert bool(seen["compiled"]) == bool(beside)
