"""What a feature of the interpreter is made of, and what it hooks into."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest
from small_bundle import FEATURES

from hpcpy.build.graph import the_graph
from hpcpy.paths import ROOT

HEADINGS = ("What it does", "What it touches of CPython", "What it is worth", "Without it")
NAMES = [path.name for path in sorted(FEATURES.iterdir()) if path.is_dir()]
# This feature is in no image for users.
OWN_TESTS = {"sanitize": "image_sanitized"}


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_says_what_it_is_and_how_to_leave_it_out(name: str) -> None:
    text = (FEATURES / name / "README.md").read_text()
    assert [heading for heading in HEADINGS if f"**{heading}.**" not in text] == []
    assert f"`tests/{OWN_TESTS.get(name, f'image/features/{name}')}`" in text


def test_the_table_of_features_has_all_and_their_lines() -> None:
    page = (ROOT / "docs/interpreter.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", page, re.MULTILINE))
    assert sorted(told) == NAMES
    numbers = {name: int(number.replace(",", "")) for name, number in told.items()}
    assert numbers == pytest.approx({name: lines(FEATURES / name) for name in NAMES}, rel=0.1)


def lines(folder: Path) -> int:
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    return sum(file.read_bytes().count(b"\n") for file in files if file.name != "README.md")


def test_the_image_has_all_but_what_is_for_tests_and_the_plain_one_none() -> None:
    graph = the_graph()
    assert {*graph.image("hpcpy").features, *OWN_TESTS} == {*NAMES}
    assert graph.image("hpcpy").features[-1] == "order"
    assert graph.image("plain").features == ()


def test_the_plain_tier_names_no_feature() -> None:
    plain = [
        *(ROOT / "src/interp").glob("*.[chS]"),
        *(ROOT / "src/interp").glob("*.py"),
        *(ROOT / "src/interp/bundle").glob("*.py"),
        ROOT / "recipes/interpreter.sh",
    ]
    modules = {
        *(file.stem for file in FEATURES.glob("*/_hpcpy_*.py")),
        *(f"_hpcpy_{name}" for name in NAMES),
        *(f"features/{name}" for name in NAMES),
    }
    named = {
        (file.name, module) for file in plain for module in modules if module in file.read_text()
    }
    assert named == set()


def hooked(tmp_path: Path, *tables: str) -> dict[str, object]:
    from bundle.features import hooks

    files = [tmp_path / f"{number}.toml" for number in range(len(tables))]
    for file, table in zip(files, tables, strict=True):
        file.write_text(table)
    return hooks(files)


def test_hooks_are_called_in_the_order_of_the_features(tmp_path: Path) -> None:
    tables = ('start = "b"', 'start = "a"\nfound = "f"', 'before = { package = "p" }')
    assert hooked(tmp_path, *tables) == {
        "start": ("b", "a"),
        "found": ("f",),
        "before": {"package": "p"},
        "added": "",
        "check": "",
    }


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (('begin = "a"',), "no hook is called begin"),
        (('before = { p = "a" }', 'before = { p = "b" }'), "a comes before p, too"),
    ],
)
def test_a_hook_that_cannot_be_is_told(tmp_path: Path, tables: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        hooked(tmp_path, *tables)


def test_an_image_without_features_hooks_into_nothing(tmp_path: Path) -> None:
    nothing = {"start": (), "found": (), "before": {}, "added": "", "check": ""}
    assert hooked(tmp_path) == nothing


def in_the_c_library(names: set[str]) -> set[str]:
    c_library = ctypes.CDLL("libc.so.6")
    return {name for name in names if hasattr(c_library, name)}


def test_nothing_stands_before_a_function_of_the_c_library_but_for_a_threads_stack() -> None:
    # Programs open files through the C library, as everywhere: no answer of it is made up.
    code = "".join(file.read_text() for file in (ROOT / "src/interp").rglob("*.c"))
    wrapped = set(re.findall(r"\b__wrap_(\w+)\(", code))
    recipe = (ROOT / "recipes/interpreter.sh").read_text()
    (exported,) = re.findall(r"^echo '\{ (.*); \};' >exports$", recipe, re.MULTILINE)
    assert len(wrapped) > 10
    assert in_the_c_library(wrapped | set(exported.split("; "))) == {"pthread_attr_setstacksize"}


def test_two_archives_alone_call_something_in_place_of_the_c_library() -> None:
    recipes = [*(ROOT / "recipes").rglob("*.sh"), *FEATURES.glob("*/build.sh")]
    renamed = {
        (file.relative_to(ROOT).as_posix(), name)
        for file in recipes
        for name in re.findall(r"--redefine-sym[ =]\"?(\w+)=", file.read_text())
    }
    # OpenBLAS (blas.c says why), and HDF5, whose plug-ins ask for its names.  Of these
    # `dlopen` is the one that takes a path.
    assert {one for one in renamed if in_the_c_library({one[1]})} == {
        *(("recipes/interpreter.sh", name) for name in ("exit", "malloc", "raise")),
        ("src/interp/features/hdf5_plugins/build.sh", "dlopen"),
    }
