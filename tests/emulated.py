"""Choose the tests of tests/image that run by QEMU: `make test ARCH=aarch64`."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).with_name("emulated.toml")


def mark_left_out(items: Iterable[pytest.Item]) -> None:
    """Mark all tests but the chosen ones as skipped, with the reason of their file."""
    files = table()
    for item in items:
        row = files.get(item.path.name, {})
        chosen = row.get("run", ())
        if not {item.name, getattr(item, "originalname", None), "all"} & {*chosen}:
            others = row.get("others", "other cases, or the same on every machine")
            item.add_marker(pytest.mark.skip(reason=f"by QEMU: {others}"))


def table() -> dict[str, dict[str, Any]]:
    """Return which tests of each file run, and why the others do not."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
