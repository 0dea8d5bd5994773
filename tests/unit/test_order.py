"""The functions that a start enters are traced, and the linker places them together."""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.paths import ROOT

FEATURE = ROOT / "src/interp/features/order"
sys.path.insert(0, str(FEATURE))

from order.__main__ import main, ordering, with_data  # noqa: E402
from order.archive import Archive, Place, places, read_archive  # noqa: E402

TRACE = FEATURE / "order/trace.c"

pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "readelf", "ar")), reason="no gcc or binutils"
)
_LIBRARY = """
static int unread[1000] = {1};
static const int number = 3;
static int *table[] = {(int *)&number};
int first(void) { return *table[0]; }
int never(void) { return unread[0]; }
int second(void) { return first() + 1; }
"""
_PROGRAM = """
int second(void), never(void);
int main(int n, char **v) { (void)v; return n > 9 ? never() : second() - 4; }
"""


# gcc moves what is declared cold out of main, into main.cold.
_COLD = """
#include <stdlib.h>
__attribute__((cold, noinline)) static void seldom(int n) { if (n > 9) abort(); }
int main(int n, char **v) { (void)v; if (n > 5) { seldom(n); return 1; } return 0; }
"""


def traced(folder: Path, found: dict[int, Place]) -> list[str]:
    lines = (f"{at:x} {place.entries:x}\n" for at, place in found.items())
    (folder / "functions").write_text("".join(lines))
    command = ["./trace", "functions", "./program"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [found[int(line, 16)].name for line in done.stdout.split()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("library.c").write_text(_LIBRARY)
    Path("program.c").write_text(_PROGRAM)
    for command in (
        "gcc -O0 -fno-pie -ffunction-sections -fdata-sections -c library.c",
        "ar rc liblibrary.a library.o",
        "gcc -O0 -fno-pie -no-pie program.c liblibrary.a -o program",
    ):
        subprocess.run(command.split(), check=True)
    subprocess.run(["gcc", "-O2", TRACE, "-o", "trace"], check=True)
    return tmp_path


def known(folder: Path) -> Archive:
    archive = Archive()
    read_archive(folder / "liblibrary.a", archive)
    return archive


def test_functions_are_traced_in_the_order_in_which_they_are_entered(folder: Path) -> None:
    found = places(folder / "program", known(folder).functions)
    assert sorted(place.name for place in found.values()) == ["first", "never", "second"]
    assert traced(folder, found) == ["second", "first"]
    assert traced(folder, found) == ["second", "first"]


def test_what_is_jumped_into_is_seen_wherever(folder: Path) -> None:
    found = places(folder / "program", known(folder).functions)
    # Whichever of the three lies first, another one is entered.
    first, last = min(found), max(found)
    assert traced(folder, {first: Place("all", last + 1 - first)}) == ["all"]


def test_what_is_seldom_run_is_watched_in_all_its_length(tmp_path: Path) -> None:
    source = tmp_path / "cold.c"
    source.write_text(_COLD)
    program = tmp_path / "cold"
    command = f"gcc -O2 -freorder-blocks-and-partition -fno-pie -no-pie {source} -o {program}"
    subprocess.run(command.split(), check=True)
    found = places(program, ["main", "main.cold"])
    entries = {place.name: place.entries for place in found.values()}
    assert entries["main"] == 1
    assert entries["main.cold"] > 1


def test_data_goes_along_with_what_refers_to_it(folder: Path) -> None:
    found = with_data([".text.second", ".text.first"], known(folder))
    assert found[:2] == [".text.second", ".text.first"]
    assert set(found[2:]) >= {".data.table", ".rodata.number"}
    assert not {".text.never", ".data.unread"} & set(found)


def test_docstrings_are_left_but_those_of_types_and_modules() -> None:
    archive = Archive()
    archive.references = {
        ".text.f": [".data.slots", ".data.some_methods"],
        ".data.slots": [".rodata.some_doc"],
        ".data.some_methods": [".rodata.method__doc__"],
    }
    found = with_data([".text.f"], archive)
    assert found == [".text.f", ".data.slots", ".data.some_methods", ".rodata.some_doc"]


def test_the_linker_is_told_of_each_section_of_the_executable() -> None:
    sections = [".text.f", ".rodata.f.str1.1", ".data.rel.ro.x", ".data.y", ".bss.z", ".tbss.t"]
    before, behind = {".rodata": ["*b.o(.rodata)"]}, {".rodata": ["*a.o(.rodata.str1.1)"]}
    lines = "".join(ordering(sections, before, behind)).split()
    assert " ".join(lines) == (
        ".text : { *(.text.f) }"
        " .rodata : { *b.o(.rodata) *(.rodata.f.str1.1) *a.o(.rodata.str1.1) }"
        " .data.rel.ro : { *(.data.rel.ro.x) } .data : { *(.data.y) } .bss : { *(.bss.z) }"
    )


def test_a_name_that_readelf_cuts_is_completed_by_the_linker() -> None:
    # As binutils 2.44 cuts those of C++ templates.
    whole = ".text." + 300 * "f"
    for told in (whole, whole[:256]):
        (_, pattern, _) = ordering([told], {}, {})
        assert fnmatch.fnmatchcase(whole, pattern.strip()[2:-1])


def test_a_trace_without_functions_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "hits").write_text("")
    monkeypatch.setattr("sys.argv", ["order", "program", "liblibrary.a", "--hits", "hits"])
    with pytest.raises(SystemExit, match="trace processes"):
        main()


def test_a_program_that_is_not_there_is_an_error(folder: Path) -> None:
    (folder / "functions").write_text("1 1\n")
    command = ["./trace", "functions", "./absent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "./absent: No such file" in done.stderr
