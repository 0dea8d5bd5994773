"""The pages of results say of each table what speaks against its figures."""

from typing import Any

import pytest

from hpcpy.core.errors import UsageError
from measure import topics

REPORT = {
    "workload": "pi",
    "command": "python -m workloads pi",
    "machine": {"processor": "a processor", "cores": 2},
    "image": {"name": "hpcpy", "inputs": "0123456789abcdef"},
    "results": [],
}


@pytest.mark.parametrize(
    ("load", "day", "marks"),
    [
        (2.0, "2026-11-28", []),
        (2.1, "2026-11-28", ["Other programs ran"]),
        (0.5, "2026-11-25", []),
        (0.5, "2026-11-24", ["older image"]),
        (None, "2026-11-24", ["older image"]),
        (9.0, "2026-11-24", ["Other programs ran", "older image"]),
    ],
)
def test_a_busy_or_old_report_is_refused_unless_its_page_says_what_holds(
    load: float | None, day: str, marks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = [{"report": name, "title": name} for name in ("new", "old")]
    monkeypatch.setattr(topics, "pages", lambda: {"pi": {"title": "Pi", "sections": sections}})
    new: dict[str, Any] = {**REPORT, "date": "2026-11-28", "load_before": 0.0}
    old = {**new, "date": day, "load_before": load}

    def text() -> str:
        return next(topics.written({"new": new, "old": old}))[1]

    if marks:
        with pytest.raises(UsageError, match=r"old\.json"):
            text()
        sections[1]["kept"] = "Counts hold."
    first, second = text().split("## old")
    assert "**" not in first
    assert [mark for mark in ("Other programs ran", "older image") if mark in second] == marks
    assert ("Counts hold." in second) == bool(marks)
