"""The checkout agrees with itself: patches, tests that are named, imports, links and figures."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from imports import PACKAGES, graph, reached

from emulated import table
from hpcpy.core import paths
from measure.cases import CASES
from running import printed, run
from workloads.mandel.grid import AREAS
from workloads.write import reading
from workloads.write.definition import Series

FEATURES = paths.ROOT / "src/interp/features"
BY_PART = {
    str(path.relative_to(paths.RECIPES / "patches").with_suffix("")): path
    for path in (paths.RECIPES / "patches").rglob("*.patch")
}
PATCHES = {**BY_PART, **{f"features/{path.stem}": path for path in FEATURES.rglob("*.patch")}}
PAGES = ("*.md", "benchmarks/README.md", "docs/*/*.md", "src/**/README.md")
UNTIL = tomllib.loads((paths.ROOT / "docs/maintainers/patches.toml").read_text(encoding="utf-8"))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_each_patch_says_when_it_can_go() -> None:
    assert list(UNTIL) == sorted(PATCHES)


def test_a_patch_names_tests_that_there_are() -> None:
    for name, path in PATCHES.items():
        found = re.findall(r"(?m)^Test: (.+)$", path.read_text(encoding="utf-8"))
        assert len(found) == 1, name
        assert [test for test in found[0].split(", ") if not (paths.ROOT / test).is_file()] == []


def test_tests_that_pages_and_the_table_for_qemu_name_are_there() -> None:
    text = read(paths.ROOT / "SECURITY.md") + read(paths.ROOT / "docs/reference/importlib.md")
    tables = (paths.ROOT / "tests/image").rglob("*.toml")
    rows = {row for table in tables for row in tomllib.loads(read(table))}
    assert set(re.findall(r"`\[([\w ]+)\]`", text)) <= rows
    named = re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", text)
    cited = {paths.ROOT / "tests" / file: re.findall(r"\w+", names) for file, names in named}
    assert len(cited) > 10
    files = {path.name: path for path in (paths.ROOT / "tests/image").rglob("test_*.py")}
    chosen = {files[name]: row["run"] for name, row in table().items()}
    for file, tests in [*cited.items(), *chosen.items()]:
        defined = re.findall(r"(?m)^ *def (test_\w+)", read(file))
        assert {one.partition("[")[0] for one in tests} <= {*defined, "all"}, file


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_links_of_pages_lead_somewhere() -> None:
    pages = [page for where in PAGES for page in paths.ROOT.glob(where)]
    broken = []
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            is_there = target.exists() and (not anchor or anchor in anchors(target))
            if "://" not in link and not is_there:
                broken.append(f"{page}: {link}")
    assert not broken


def test_each_figure_of_the_pages_is_that_of_its_report() -> None:
    assert printed(run(sys.executable, paths.ROOT / "benchmarks/pages.py", "--check")) == ""


def test_reframes_checks_have_the_values_of_this_checkout() -> None:
    # Their folder is copied to centres.  Read without an import, which would need ReFrame.
    text = read(paths.ROOT / "reframe/hpcpy_checks.py")
    expected = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    goals = {case.name: case.goal for case in CASES if case.goal}
    bounds = {
        name: (goals[name].path_calls, goals[name].off_node, goals[name].getdents)
        for name in ("pass", "numpy")
    }
    assert expected["START_BOUNDS"] == bounds
    assert expected["MANDEL"] == {name: area.sha256 for name, area in AREAS.items()}
    assert expected["ARRAYS"] == reading.SHA256[Series(15, 100)]


# The folders and single modules of the tool, in the order in which they may import each other.
FOLDERS = (
    *("core", "pins", "fetch", "engine", "cluster", "sbom", "images", "launch", "pack"),
    *("lock", "relink", "release", "install", "clean", "maintain", "commands", "__main__"),
)


@pytest.mark.parametrize("of_tool", [False, True], ids=["packages", "folders of the tool"])
def test_each_imports_only_those_before_it(*, of_tool: bool) -> None:
    own = [name for name in graph() if not of_tool or name.startswith("hpcpy.")]
    order, part = (FOLDERS, 1) if of_tool else (PACKAGES, 0)
    level = {name: order.index(name.split(".")[part]) for name in own}
    pairs = [(name, other) for name in own for other in graph()[name] if other in level]
    assert [(name, other) for name, other in pairs if level[other] > level[name]] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_of_a_package_imports_itself_by_others(package: str) -> None:
    edges = graph()
    own = [name for name in edges if name.partition(".")[0] == package]
    circle = [name for name in own if name in reached(name, edges)]
    assert circle == []


def test_what_writes_files_imports_no_ranks() -> None:
    below = {"hpcpy_common.cleanup", "hpcpy_common.errors"}
    assert reached("hpcpy_common.files", graph()) == below
