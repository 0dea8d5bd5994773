"""``hpcpy docs``: the pages by their names, as a reader without a checkout gets them."""

import argparse
import re
from pathlib import Path

import pytest
from processes import python

from hpcpy.core import pages, paths
from hpcpy.images import own_command
from running import printed

PAGE = """\
# Use it

![a picture](../results/x.svg)

Takes 13<!--= startup core --> calls ([why](../explanation/why.md#so)), [each](#use-it),
as [others](https://example.org/x) do ([measured](../results/starts.md)).

<!-- printed by: it -->
```text
[a](../explanation/why.md) <b>
```
"""
SHOWN = """\
# Use it

Takes 13 calls (why (hpcpy docs why)), each,
as others (https://example.org/x) do (measured).

```text
[a](../explanation/why.md) <b>
```
"""


def test_marks_and_pictures_go_and_links_name_their_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, name, text in (("how-to", "use", PAGE), ("explanation", "why", "# Why\n")):
        (tmp_path / "docs" / kind).mkdir(parents=True)
        (tmp_path / "docs" / kind / f"{name}.md").write_text(text)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    pages.main(argparse.Namespace(page="use"))
    assert capsys.readouterr().out == SHOWN


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_no_code_is_broken_at_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"./hpcpy {' --an option' * 9}"
    prose = f"Type `{code}` and `{code}`, as {'many words ' * 20}have it."
    text = f"{prose}\n\n   ```sh\n   {code}\n   ```\n\n- {prose}\n"
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = "".join(
        part if at % 2 else pages._wrapped(part) for at, part in enumerate(pages._CODE.split(text))
    )
    assert shown.split() == text.split()
    assert (shown.count(code), shown.count(f"\n   {code}\n")) == (5, 1)
    assert max(len(line) for line in shown.splitlines() if code not in line) <= columns


def test_a_pager_that_is_not_there_hides_no_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAGER", "nosuch -R")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    pages.main(argparse.Namespace(page="mpi"))
    assert capsys.readouterr().out.startswith("# Use")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", "course-day-1 "),
        ("mpi", "# Use the site's MPI"),
        ("how-to/mpi", "# Use the site's MPI"),
        ("explanation/mpi", "# How one interpreter"),
        ("docs/explanation/mpi.md", "# How one interpreter"),
    ],
)
def test_a_page_has_a_short_name_and_its_path(name: str, title: str) -> None:
    assert printed(python("-m", "hpcpy", "docs", *filter(None, [name]))).startswith(title)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mip", "did you mean mpi?"),
        ("zzzz", "hpcpy docs lists them"),
        ("../../README", "hpcpy docs lists them"),
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
    assert {"sites", "modules"} < named - {"lists"} <= known.keys()
