"""The interpreter's plain tier and its recipes stay small enough to read."""

from __future__ import annotations

import subprocess
import tomllib

from hpcpy.paths import ROOT

LIMIT = 7_000


def test_plain_tier_with_the_recipes_has_fewer_lines_than_the_limit() -> None:
    images = tomllib.loads((ROOT / "containers/images.toml").read_text())["images"].values()
    # The recipes of images on top of hpcpy do not count.
    on_top = [
        f":!recipes/{part}.sh" for i in images if i.get("from") == "hpcpy" for part in i["parts"]
    ]
    command = ["git", "ls-files", "src/interp", "recipes", ":!src/interp/features", *on_top]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split()]
    assert files
    # A file whose removal is not committed yet is still listed.
    assert sum(file.read_bytes().count(b"\n") for file in files if file.exists()) < LIMIT
