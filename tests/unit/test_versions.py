"""The list of versions: what it reads of git's history and of changelogs, and what it shows."""

import json

import pytest

from versions import Row, days_taken, page, published_day, vulnerabilities

OLD, NEW = "a" * 64, "b" * 64
HISTORY = f"""@2026-11-24
+sha256 = "{OLD}"
-sha256 = "{NEW}"
@2026-11-20
+sha256 = "{OLD}"
+sha256 = "{NEW}"
"""
CHANGELOG = """expat (2.9.0-1~deb13u1) trixie-security; urgency=high

  * Rebuild.

 -- A Person <a@example.org>  Sun, 11 Oct 2026 15:25:11 +0200

 -- B Person <b@example.org>  Mon, 05 Oct 2026 22:04:46 +0200
"""
GRYPE = {"matches": [{"artifact": {"name": "expat"}, "vulnerability": {"id": "CVE-1"}}]}
HEAD = "# Versions\n|---|---|---|---|---|---|\n"


def test_a_pin_is_taken_by_the_first_commit_that_has_it() -> None:
    assert days_taken(HISTORY) == {OLD: "2026-11-20", NEW: "2026-11-20"}


@pytest.mark.parametrize(("text", "day"), [(CHANGELOG, "2026-10-11"), ("", "")])
def test_the_last_change_is_the_day(text: str, day: str) -> None:
    assert published_day(text) == day


def test_what_is_linked_behind_or_vulnerable_is_shown() -> None:
    current, behind = ("1", "2026-10-11", "2026-11-21", "1"), ("1", "", "2026-11-21", "2")
    rows = [Row(True, "zlib", *current), Row(False, "a", *behind), Row(False, "expat", *current)]
    known = vulnerabilities([json.dumps(GRYPE)])
    text = page(HEAD + "| old |\n", rows, known)
    assert "| zlib | 1 | 2026-10-11 | 2026-11-21 | the same | none |\n" in text
    assert "| a | 1 | – | 2026-11-21 | 2 | none |\n" in text
    assert "| expat | 1 | 2026-10-11 | 2026-11-21 | the same | CVE-1 |\n" in text
    assert "| old |" not in text
    assert "| expat" not in page(HEAD, rows, None)
