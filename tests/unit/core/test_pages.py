"""``hpcpy docs``: the pages by their names, as a reader without a checkout gets them."""

import re

import pytest
from processes import python

from hpcpy.core import pages, paths
from hpcpy.images import own_command
from running import printed


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", "tutorials/course-day-1 "),
        ("mpi", "# Use the site's MPI"),
        ("../explanation/mpi.md#tcp", "# How one interpreter"),
    ],
)
def test_a_page_has_a_short_name_and_its_path(name: str, title: str) -> None:
    assert printed(python("-m", "hpcpy", "docs", *filter(None, [name]))).startswith(title)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mip", "did you mean mpi?"),
        ("../../README", "./hpcpy docs lists them"),
    ],
)
def test_an_unknown_page_is_one_line(name: str, hint: str) -> None:
    done = python("-m", "hpcpy", "docs", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"hpcpy docs: no page {name!r}; {hint}\n"


def test_each_page_that_a_program_names_is_there_and_in_the_image() -> None:
    known = pages.pages(paths.ROOT)
    assert set(known.values()) <= set(own_command.files())
    texts = [
        path.read_text(encoding="utf-8")
        for path in (paths.ROOT / "src").rglob("*")
        if path.suffix in (".py", ".sh", ".c") or path.name == "EXTERNALLY-MANAGED"
    ]
    named = {
        name
        for text in texts
        for name in re.findall(r"(?:hpcpy|_cli|CALLED}|COMMAND}) docs ([a-z-]+)", text)
    }
    stems = {path.stem for path in known.values()}
    assert {"sites", "modules"} < named - {"lists"} <= stems
