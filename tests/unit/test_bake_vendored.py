"""Libraries that a wheel brings, in one shared object with the modules that use them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src/interp"))

from hpcpy_bake import libraries
from hpcpy_bake.elf import Library
from hpcpy_bake.fits import library_fits
from hpcpy_bake.pack import pack
from hpcpy_bake.vendored import Vendored

# The outer one throws through the inner one's frame, has data, a constructor
# that needs what the inner one's has done, a destructor, thread variables.
INNER = r"""
extern "C" {
int order = 0, inner_at, inner_data = 5;
__attribute__((constructor)) static void start() { inner_at = ++order; }
int through(int (*call)(int), int n) { return call(n) + 1; }
const char *inner_name() { return "inner"; }
}
"""
OUTER = r"""
#include <cstdio>
#include <stdexcept>
extern "C" {
extern int order, inner_data;
int through(int (*call)(int), int n);
int outer_at, table[3] = {7, 8, 9};
int *pointer = &inner_data;
static __thread int counter = 40;
__attribute__((constructor)) static void start() { outer_at = ++order; }
__attribute__((destructor)) static void stop() { std::puts("stopped"); std::fflush(stdout); }
static int throws(int n) { if (n > 2) throw std::out_of_range("far"); return table[n]; }
int outer(int n) {
    try { return through(throws, n); } catch (const std::out_of_range &) { return -1; }
}
int count() { return counter++; }
}
"""
MODULE = r"""
extern "C" {
extern int outer_at, inner_at, table[3];
extern int *pointer;
int outer(int n);
int count();
int *last = &table[2];
static int ask(int what) {
    switch (what) {
    case 0: return inner_at * 10 + outer_at;
    case 1: return outer(1);
    case 2: return outer(3);
    case 3: return *last + *pointer;
    case 4: return count();
    default: return NUMBER;
    }
}
void *PyInit_leaf() { return (void *)ask; }
}
"""

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="packs are for x86-64 alone"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here"),
]


def compiled(folder: Path, name: str, text: str, *options: str) -> Library:
    source, made = folder / f"{name}.cpp", folder / name
    source.write_text(text)
    search = f"-Wl,-rpath,{folder}"
    command: list[str | Path] = [
        "g++",
        "-O1",
        "-shared",
        "-fPIC",
        "-o",
        made,
        source,
        f"-L{folder}",
        search,
        *options,
    ]
    subprocess.run(command, check=True)
    return libraries.library(made)


@pytest.fixture
def wheel(tmp_path: Path) -> tuple[list[Library], list[Library]]:
    """Two modules, and the two libraries they need."""
    inner = compiled(tmp_path, "libinner.so", INNER, "-Wl,-soname,libinner.so")
    outer = compiled(tmp_path, "libouter.so", OUTER, "-Wl,-soname,libouter.so", "-linner")
    modules = [
        compiled(tmp_path, f"leaf{n}.so", MODULE.replace("NUMBER", str(n)), "-louter", "-linner")
        for n in (11, 12)
    ]
    return modules, [outer, inner]


# As baked.c does, in a process of its own: destructors run at its end.
_USE = """
import ctypes, sys
opened = ctypes.CDLL(sys.argv[1])
for number in (1, 2):
    init = getattr(opened, f"PyInit_a.{number}.leaf")
    init.restype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    ask = init()
    print(*[ask(what) for what in range(6)], flush=True)
"""


def said(folder: Path, modules: list[Library], found: Vendored) -> list[str]:
    called = {
        name: libraries.call(name, path)
        for one in modules
        for name, path in libraries.needed(one, found.inside).items()
    }
    named = [(one, "PyInit_leaf", f"a.{number}.leaf") for number, one in enumerate(modules, 1)]
    path = folder / "pack.so"
    path.write_bytes(pack(named, frozenset(), called, found.inside, found.links))
    for one in found.inside:
        one.path.unlink()
    command = [sys.executable, "-c", _USE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_modules_share_libraries_that_are_packed_with_them(
    tmp_path: Path, wheel: tuple[list[Library], list[Library]]
) -> None:
    modules, needed = wheel
    found = Vendored(modules, needed)
    assert [one.path.name for one in found.inside] == ["libinner.so", "libouter.so"]
    assert found.notes == {}
    assert said(tmp_path, modules, found) == ["12 9 -1 14 40 11", "12 9 -1 14 41 12", "stopped"]


def test_a_library_that_a_file_needs_stays_one(
    tmp_path: Path, wheel: tuple[list[Library], list[Library]]
) -> None:
    modules, (outer, inner) = wheel
    found = Vendored(modules, [inner])
    assert found.inside == []
    assert found.notes == {"libinner.so": "libouter.so needs it, which stays one"}
    found = Vendored(modules, [outer])
    assert [one.path.name for one in found.inside] == ["libouter.so"]
    assert said(tmp_path, modules, found) == ["12 9 -1 14 40 11", "12 9 -1 14 41 12", "stopped"]


def test_a_library_whose_name_is_found_elsewhere_first_stays_a_file(tmp_path: Path) -> None:
    inner = compiled(tmp_path, "libinner.so", INNER, "-Wl,-soname,libinner.so")
    own = INNER + 'extern "C" void *PyInit_leaf() { return (void *)through; }'
    found = Vendored([compiled(tmp_path, "leaf.so", own, "-Wl,--no-as-needed", "-linner")], [inner])
    assert found.inside == []
    assert "is found elsewhere first" in found.notes["libinner.so"]


def test_a_name_that_is_not_the_same_for_all_modules_stays_in_its_files(tmp_path: Path) -> None:
    one = compiled(tmp_path, "libone.so", 'extern "C" int which() { return 1; }')
    two = compiled(tmp_path, "libtwo.so", 'extern "C" int which() { return 2; }')
    asks = 'extern "C" int which(); extern "C" int asked() { return which(); }'
    third = compiled(tmp_path, "libthird.so", asks)
    text = 'extern "C" int which(); extern "C" int asked();' + (
        'extern "C" int PyInit_leaf() { return which() + asked(); }'
    )
    modules = [
        compiled(tmp_path, "first.so", text, "-lone", "-lthird", "-Wl,--no-as-needed", "-ltwo"),
        compiled(tmp_path, "second.so", text, "-ltwo", "-lthird", "-Wl,--no-as-needed", "-lone"),
    ]
    found = Vendored(modules, [one, two, third])
    assert [library.path.name for library in found.inside] == ["libthird.so"]
    assert found.notes.keys() == {"libone.so", "libtwo.so"}


def test_a_library_that_asks_its_user_stays_a_file(tmp_path: Path) -> None:
    asks = 'extern "C" int of_user(); extern "C" int f() { return of_user(); }'
    library = compiled(tmp_path, "libasks.so", asks)
    text = 'extern "C" int f(); extern "C" int of_user() { return 1; }' + (
        'extern "C" int PyInit_leaf() { return f(); }'
    )
    found = Vendored([compiled(tmp_path, "leaf.so", text, "-lasks")], [library])
    assert found.notes == {"libasks.so": "it asks a module for of_user"}


def test_a_library_that_a_file_uses_and_does_not_name_stays_one(tmp_path: Path) -> None:
    one = compiled(tmp_path, "libone.so", 'extern "C" int which() { return 1; }')
    asks = 'extern "C" int which(); extern "C" int asked() { return which(); }'
    other = compiled(tmp_path, "libother.so", asks)
    text = 'extern "C" int asked(); extern "C" int PyInit_leaf() { return asked(); }'
    options = "-lother", "-Wl,--no-as-needed", "-lone"
    module = compiled(tmp_path, "leaf.so", text, *options)
    assert Vendored([module], [one]).notes == {"libone.so": "libother.so asks for its which"}
    assert set(Vendored([module], [one, other]).inside) == {one, other}


def test_each_version_of_a_name_is_its_own(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.write_text("OLD { global: value; local: *; }; NEW { global: value; } OLD;")
    text = (
        '__asm__(".symver old_value, value@OLD"); __asm__(".symver new_value, value@@NEW");'
        'extern "C" int old_value() { return 1; } extern "C" int new_value() { return 2; }'
    )
    options = f"-Wl,--version-script={versions}", "-Wl,-soname,libvalue.so"
    value = compiled(tmp_path, "libvalue.so", text, *options)
    asks = 'extern "C" int value(); static int ask(int) { return value(); }' + (
        'extern "C" void *PyInit_leaf() { return (void *)ask; }'
    )
    modules = [
        compiled(tmp_path, "new.so", asks, "-lvalue"),
        compiled(tmp_path, "old.so", f'__asm__(".symver value, value@OLD");{asks}', "-lvalue"),
    ]
    found = Vendored(modules, [value])
    assert [one.path.name for one in found.inside] == ["libvalue.so"]
    told = [line.split()[0] for line in said(tmp_path, modules, found)]
    assert told == ["2", "1"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("libgomp-1.so", "int f() { return 1; }", "threadpoolctl looks for it"),
        (
            "libplace.so",
            "#include <dlfcn.h>\nint f() { Dl_info i; return dladdr((void *)f, &i); }",
            "it calls dladdr",
        ),
        ("libthread.so", "__thread int of_all; int f() { return of_all; }", "no plain name"),
        (
            "libfixed.so",
            '__attribute__((tls_model("initial-exec"))) static __thread int fixed;'
            " int f() { return fixed++; }",
            "relocation of type 18",
        ),
        (
            "libchosen.so",
            'extern "C" { static int g() { return 1; } static void *which() { return (void *)g; }'
            ' int f() __attribute__((ifunc("which"))); }',
            "no plain name",
        ),
        ("libunique.so", "template <class T> struct S { static int x; };"
         "template <class T> int S<T>::x = 1; int f() { return S<int>::x++; }", "no plain name"),
    ],
)  # fmt: skip
def test_what_is_not_understood_stays_a_file(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    assert why in library_fits(compiled(tmp_path, name, text))


def test_a_pack_is_the_same_bytes_each_time(wheel: tuple[list[Library], list[Library]]) -> None:
    modules, needed = wheel
    named = [(one, "PyInit_leaf", f"a.{number}.leaf") for number, one in enumerate(modules, 1)]
    made = set()
    for order in (needed, needed[::-1]):
        found = Vendored(modules, order)
        called = {name: name for one in modules for name in libraries.needed(one, found.inside)}
        made.add(pack(named, frozenset(), called, found.inside, found.links))
    assert len(made) == 1
