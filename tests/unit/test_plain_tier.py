"""The interpreter's plain tier and the recipes stay small enough to read."""

from __future__ import annotations

import subprocess

from hpcpy.paths import ROOT

LIMIT = 7_000


def test_plain_tier_with_the_recipes_has_fewer_lines_than_the_limit() -> None:
    command = ["git", "ls-files", "src/interp", "recipes", ":!src/interp/features"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split()]
    assert files
    # One that is deleted and not yet committed is still listed.
    assert sum(file.read_bytes().count(b"\n") for file in files if file.exists()) < LIMIT
