"""What C++ has once in a process: packed, modules answer as they do when each is opened."""

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
from hpcpy_bake.fits import fits
from hpcpy_bake.pack import pack
from hpcpy_bake.vendored import Vendored, takes_from

HEADER = r"""
#include <stdexcept>
struct Registry { int n = 40; Registry() { n += 2; } };
inline Registry &registry() { static Registry one; return one; }
template <class T> struct Hold { static int value; static const char tag; };
template <class T> int Hold<T>::value = 100;
template <class T> const char Hold<T>::tag = 'x';
inline int plain = 200, *pointer = &plain;
inline thread_local int of_thread = 300;
struct Shape { virtual ~Shape() {} virtual int sides() const { return 0; } };
struct Square : Shape { int sides() const override { return 4; } };
struct Odd : std::runtime_error { using std::runtime_error::runtime_error; };
// What a file sees of these, and changes.
static int ask(int what) {
    switch (what) {
    case 0: return registry().n++;
    case 1: return Hold<int>::value++;
    case 2: return (*pointer)++;
    case 3: return plain++;
    default: return of_thread++;
    }
}
static Shape *make() { return new Square; }
static int is_square(Shape *shape) { return dynamic_cast<Square *>(shape) != nullptr; }
static void throws() { throw Odd("odd"); }
static int catches(void (*call)()) {
    try { call(); } catch (const Odd &) { return 1; } catch (...) { return 2; }
    return 0;
}
static const char *tag() { return &Hold<int>::tag; }
static void *functions[] = {(void *)ask, (void *)make, (void *)is_square,
                            (void *)throws, (void *)catches, (void *)tag};
"""
LIBRARY = (
    HEADER
    + r"""
extern "C" __attribute__((visibility("default"))) void *of_library() { return functions; }
"""
)
# Two sets of functions: the module's, and its library's or nothing.
MODULE = (
    HEADER
    + r"""
#ifdef NEEDS
extern "C" void *of_library();
#else
static void *of_library() { return nullptr; }
#endif
extern "C" __attribute__((visibility("default"))) void *PyInit_leaf() {
    static void *both[2] = {functions, of_library()};
    return both;
}
"""
)
# Each word is a file, or a pack and a name in it, opened as Packed and Linked do.
USE = r"""
import ctypes, sys, threading
word = ctypes.c_size_t

def opened(text):
    path, _, name = text.partition("@")
    library = ctypes.CDLL(path)
    if name:
        start = ctypes.addressof(word.in_dll(library, f"functions_{name}"))
        for index in range(1, 1 + word.from_address(start).value):
            ctypes.CFUNCTYPE(None)(word.from_address(start + 8 * index).value)()
    init = getattr(library, f"PyInit_{name or 'leaf'}")
    init.restype = ctypes.POINTER(word * 2)
    return [list((word * 6).from_address(at)) for at in init().contents if at]

places = [one for text in sys.argv[1:] for one in opened(text)]
call = lambda function, *words: ctypes.CFUNCTYPE(
    ctypes.c_size_t, *[ctypes.c_size_t] * len(words))(function)(*words)

def asked():
    print([[call(place[0], what) & 0xFFFF for what in range(5)] for place in places])

asked()
asked()
thread = threading.Thread(target=asked)
thread.start()
thread.join()
print([[call(b[2], call(a[1])) & 1 for a in places] for b in places])
print([[call(b[4], a[3]) & 3 for a in places] for b in places])
print([[call(b[5]) == call(a[5]) for a in places] for b in places])
"""

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="packs are for x86-64 alone"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here; run: apt-get install g++"),
]


def compiled(folder: Path, name: str, text: str, *options: str) -> Library:
    source, made = folder / f"{name}.cpp", folder / name
    source.write_text(text)
    command: list[str | Path] = ["g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-o", made, source]
    command += [f"-L{folder}", f"-Wl,-rpath,{folder}", *options]
    subprocess.run(command, check=True)
    return libraries.library(made)


def told(*places: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", USE, *places], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def packed(folder: Path, modules: list[Library], candidate: Library) -> tuple[list[str], list[str]]:
    """Pack what `Packs` would; return how each module is opened, and why some are files."""
    why = [fits(one, "PyInit_leaf") or takes_from(one) for one in modules]
    inside = [one for one, reason in zip(modules, why, strict=True) if not reason]
    # A library that a module's own file needs, too, stays one.
    found = Vendored(inside, [candidate] if len(inside) == len(modules) else [])
    called = {
        name: libraries.call(name, path)
        for one in inside
        for name, path in libraries.needed(one, found.inside).items()
    }
    named = [(one, "PyInit_leaf", one.path.stem) for one in inside]
    path = folder / "pack.so"
    path.write_bytes(pack(named, frozenset(), called, found.inside, found.links))
    return [
        str(one.path) if reason else f"{path}@{one.path.stem}"
        for one, reason in zip(modules, why, strict=True)
    ], why


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ((), 0),
        (("-O0",), 0),
        (("-fno-gnu-unique",), 2),
        (("-fvisibility=hidden",), 0),
    ],
    ids=["unique", "unoptimised", "weak", "hidden"],
)
def test_packed_they_answer_as_when_each_is_opened(
    tmp_path: Path, options: tuple[str, ...], refused: int
) -> None:
    library = compiled(tmp_path, "libheld.so", LIBRARY, "-Wl,-soname,libheld.so", *options)
    needs = "-DNEEDS", "-lheld", *options
    modules = [
        compiled(tmp_path, "first.so", MODULE, *options),
        compiled(tmp_path, "second.so", MODULE, *needs),
        compiled(tmp_path, "third.so", MODULE, *needs),
        compiled(tmp_path, "fourth.so", MODULE, *options),
    ]
    ways, why = packed(tmp_path, modules, library)
    assert told(*ways) == told(*(str(one.path) for one in modules))
    assert sum(map(bool, why)) == refused, why
    assert all("libheld.so takes " in reason for reason in why if reason)
