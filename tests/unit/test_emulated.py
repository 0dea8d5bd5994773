"""The table of the tests that run by QEMU names tests that are there."""

import re

from emulated import table
from hpcpy.core import paths


def test_each_name_of_the_table_is_a_test_of_its_file() -> None:
    files = {path.name: path for path in (paths.ROOT / "tests/image").rglob("test_*.py")}
    for name, row in table().items():
        defined = re.findall(r"(?m)^ *def (test_\w+)", files[name].read_text())
        assert {one.partition("[")[0] for one in row["run"]} <= {*defined}, name
        assert row["others"], name
