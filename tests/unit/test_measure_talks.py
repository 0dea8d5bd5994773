"""The table of docs/results/talks.md: a slide may be measured alone."""

from __future__ import annotations

import json

from hpcpy.core.paths import ROOT
from measure import talks

RESULTS = ROOT / "docs/results"


def test_a_slide_of_a_later_report_says_when_it_was_measured() -> None:
    nih = json.loads((RESULTS / "talk-nih.json").read_text("utf-8"))
    later = {
        **nih,
        "date": "2027-01-02T03:04:05+00:00",
        "image": {"inputs": "other"},
        "machine": {**nih["machine"], "processor": "Another"},
        "slides": [each for each in nih["slides"] if each["slide"] == 11],
    }
    table = talks.table([nih, later])
    assert table.startswith("2 cores of Intel(R) Xeon(R) Processor")
    assert ", 2 cores of Another; " in table
    assert ", 2027-01-02; " in table
    where = "Measured apart from the others on 2027-01-02, in another image, on 2 cores of Another"
    (note,) = [line for line in table.splitlines() if where in line]
    rows = [line for line in table.splitlines() if line.startswith("|nih ")]
    assert len(rows) == len([line for line in talks.table([nih]).splitlines() if "|nih " in line])
    letter = f"|{note[2]}, 2 cores|"
    assert [row.startswith("|nih 11|") for row in rows if letter in row] == [True]
