"""One word for one thing: what docs/glossary.md forbids stands in no page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/glossary.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)


def forbidden() -> dict[str, str]:
    """Return each phrase that is not used, and what is said for it."""
    table = GLOSSARY.read_text().partition("## Words that are not used")[2]
    rows = dict(ROW.findall(table))
    del rows["not"]
    return rows


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    text = page.read_text()
    if page == GLOSSARY:
        text = text.partition("## Words that are not used")[0]
    found = {word: better for word, better in forbidden().items() if word in text.lower()}
    assert not found, f"{page.name}: docs/glossary.md has better words: {found}"


def test_the_glossary_explains_a_term_once() -> None:
    terms = [term for term, _ in ROW.findall(GLOSSARY.read_text()) if term not in ("term", "not")]
    assert len(terms) == len(set(terms))
    assert len(forbidden()) > 3
