"""Several extension modules in one shared object, each as it was alone."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src/interp"))

from hpcpy_bake.elf import ElfError, Library
from hpcpy_bake.fits import fits
from hpcpy_bake.pack import pack

# A constructor, thread variables, a pointer to itself, a table of pointers, the
# same names in each, functions of libc and of another library, an exception.
MODULE = r"""
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>
extern "C" {
int shared_name = NUMBER;
static __thread int counter = NUMBER * 10, later;
static const char *const words[] = {"zero", "one", "two"};
int started;
__attribute__((constructor)) static void start() { started = NUMBER; }
int *own() { return &shared_name; }
int count() { later++; return counter++; }
int length(int i) { return (int)std::strlen(words[i]); }
int constructed() { return started; }
int caught(int n) {
    try { return std::vector<int>(3, n).at(n); } catch (const std::out_of_range &) { return -1; }
}
void *PyInit_leaf() {
    static void *functions[] = {(void *)own, (void *)count, (void *)length,
                                (void *)constructed, (void *)caught};
    return functions;
}
}
"""
WORD = ctypes.c_size_t

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="packs are for x86-64 alone"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here"),
]


def compiled(folder: Path, number: int, *options: str) -> Library:
    source, made = folder / "leaf.cpp", folder / f"leaf{number}.so"
    source.write_text(MODULE)
    command: list[str | Path] = [
        "g++",
        "-O1",
        "-shared",
        "-fPIC",
        f"-DNUMBER={number}",
        "-o",
        made,
        source,
        *options,
    ]
    subprocess.run(command, check=True)
    return Library(made)


def packed(folder: Path, *modules: Library) -> ctypes.CDLL:
    named = [(one, "PyInit_leaf", f"a.{number}.leaf") for number, one in enumerate(modules, 1)]
    same = {name: name for one in modules for name in one.needed}
    path = folder / "pack.so"
    path.write_bytes(pack(named, frozenset(), same))
    return ctypes.CDLL(str(path))


def started(opened: ctypes.CDLL, number: int) -> list[int]:
    """Call a module's constructors as `baked.c` does, and give its functions."""
    address = ctypes.addressof(WORD.in_dll(opened, f"functions_a.{number}.leaf"))
    count = WORD.from_address(address).value
    for index in range(1, count + 1):
        ctypes.CFUNCTYPE(None)(WORD.from_address(address + 8 * index).value)()
    init = getattr(opened, f"PyInit_a.{number}.leaf")
    init.restype = ctypes.POINTER(WORD * 5)
    return list(init().contents)


def call(function: int, *arguments: int) -> int:
    return int(
        ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * len(arguments))(function)(*arguments)
    )


def test_modules_with_the_same_names_stay_apart(tmp_path: Path) -> None:
    opened = packed(tmp_path, *(compiled(tmp_path, number) for number in (1, 2, 3)))
    for number in (1, 2, 3):
        own, count, length, constructed, caught = started(opened, number)
        address = ctypes.CFUNCTYPE(ctypes.c_void_p)(own)()
        assert ctypes.c_int.from_address(address).value == number
        assert [call(count), call(count)] == [number * 10, number * 10 + 1]
        assert [call(length, index) for index in range(3)] == [4, 3, 3]
        assert call(constructed) == number
        assert [call(caught, 1), call(caught, 7)] == [1, -1]


def test_constructors_wait_until_a_module_is_wanted(tmp_path: Path) -> None:
    opened = packed(tmp_path, compiled(tmp_path, 1), compiled(tmp_path, 2))
    *_, constructed, _ = started(opened, 1)
    init = getattr(opened, "PyInit_a.2.leaf")
    init.restype = ctypes.POINTER(WORD * 5)
    assert call(constructed) == 1
    assert call(init().contents[3]) == 0


@pytest.mark.parametrize(
    "options",
    [
        ("-Wl,-z,relro,-z,now",),
        ("-Wl,-z,max-page-size=0x200000",),
        ("-Wl,-z,pack-relative-relocs",),
    ],
)
def test_it_does_not_matter_how_they_were_linked(tmp_path: Path, options: tuple[str, ...]) -> None:
    opened = packed(tmp_path, compiled(tmp_path, 1), compiled(tmp_path, 4, *options))
    *_, length, constructed, _ = started(opened, 2)
    assert call(constructed) == 4
    assert call(length, 2) == 3


def test_what_is_not_understood_stays_a_file(tmp_path: Path) -> None:
    module = compiled(tmp_path, 1, "-ftls-model=initial-exec")
    assert "relocation" in fits(module, "PyInit_leaf")
    assert "PyInit_other" in fits(compiled(tmp_path, 1), "PyInit_other")
    assert fits(compiled(tmp_path, 1), "PyInit_leaf") == ""


def test_what_is_no_shared_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("INPUT(libm.so.6)\n")
    with pytest.raises(ElfError, match=r"text\.so"):
        Library(tmp_path / "text.so")
