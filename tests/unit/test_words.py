"""One word for one thing: pages, --help and sources have no word that docs/glossary.md forbids."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from hpcpy import commands
from workloads.__main__ import main as workloads
from workloads.registry import TOOLS, WORKLOADS

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/glossary.md"
PAGES = [
    ROOT / "Makefile",
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "src/interp/features").rglob("README.md")),
]
SOURCES = sorted({path.parent for path in ROOT.glob("src/**/*.py")})
HELPS = [(), *((name,) for name in commands.COMMANDS)]
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
FORBIDDEN = "## Words that are not used"


def forbidden() -> dict[str, str]:
    """Return each phrase that is not used, and the phrase in its place."""
    rows = dict(ROW.findall(GLOSSARY.read_text().partition(FORBIDDEN)[2]))
    del rows["not"]
    return rows


def replaced(text: str) -> dict[str, str]:
    """Return the phrases in a text that are not to be used, and those in their place."""
    words = " ".join(text.lower().split())
    return {word: better for word, better in forbidden().items() if word in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    text = page.read_text()
    if page == GLOSSARY:
        text = text.partition(FORBIDDEN)[0]
    assert not replaced(text), f"{page.name}: docs/glossary.md has better words"


@pytest.mark.parametrize("folder", SOURCES, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_sources_of_a_folder_use_the_words_of_the_glossary(folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.suffix in (".py", ".c", ".h", ".sh")]
    found = {path.name: replaced(path.read_text()) for path in files}
    assert found
    assert not {name: words for name, words in found.items() if words}


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_help_of_a_command_uses_the_words_of_the_glossary(words: tuple[str, ...]) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        commands.parse([*words, "--help"])
    assert "usage: hpcpy" in printed.getvalue()
    assert not replaced(printed.getvalue())


@pytest.mark.parametrize("name", [*WORKLOADS, *TOOLS])
def test_help_of_a_workload_uses_the_words_of_the_glossary(name: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        workloads([name, "--help"])
    assert "usage: " in printed.getvalue()
    assert not replaced(printed.getvalue())


def test_the_glossary_explains_a_term_once() -> None:
    terms = [term for term, _ in ROW.findall(GLOSSARY.read_text()) if term not in ("term", "not")]
    assert len(terms) == len(set(terms))
    assert len(forbidden()) > 3


def test_a_word_that_is_not_used_is_found() -> None:
    assert replaced("An image\nStands  on another.") == {"stands on": "is built on"}
