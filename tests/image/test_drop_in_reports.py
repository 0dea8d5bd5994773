"""What programs take for granted of CPython, each of the kind of a public bug report.

The tables in `drop_in` have the programs; a stock CPython 3.14 prints the same.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from needed import need
from test_drop_in_tools import MINE, output

PROGRAMS: dict[str, dict[str, Any]] = {
    name: row
    for table in sorted(Path(__file__).with_name("drop_in").glob("*.toml"))
    for name, row in tomllib.loads(table.read_text(encoding="utf-8")).items()
}
# A number without a name is of the repository before it.
REPORTS = r"[\w.-]+/[\w.-]+#\d+(, ([\w.-]+/[\w.-]+)?#\d+)*"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_it_does_elsewhere(tmp_path: Path, name: str) -> None:
    need(*PROGRAMS[name].get("needs", "").split())
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "main.py").write_text(PROGRAMS[name]["use"])
    assert output(tmp_path, "main.py").splitlines() == PROGRAMS[name]["prints"]


def test_each_program_names_reports_that_can_be_looked_up() -> None:
    reports = {name: row["report"] for name, row in PROGRAMS.items()}
    assert [name for name in reports if not re.fullmatch(REPORTS, reports[name])] == []
