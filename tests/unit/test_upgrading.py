"""Each patch says when it can go, names tests that there are, and is applied by its part."""

import re
import tomllib

from hpcpy.core import paths

FEATURES = paths.ROOT / "src/interp/features"
BY_PART = {
    f"{path.parent.name}/{path.stem}": path for path in (paths.RECIPES / "patches").rglob("*.patch")
}
PATCHES = {**BY_PART, **{f"features/{path.stem}": path for path in FEATURES.rglob("*.patch")}}
UNTIL = tomllib.loads((paths.ROOT / "docs/results/patches.toml").read_text(encoding="utf-8"))


def test_each_patch_says_when_it_can_go() -> None:
    assert list(UNTIL) == sorted(PATCHES)


def test_a_patch_names_tests_that_there_are() -> None:
    for name, path in PATCHES.items():
        found = re.findall(r"(?m)^Test: (.+)$", path.read_text(encoding="utf-8"))
        assert len(found) == 1, name
        assert [test for test in found[0].split(", ") if not (paths.ROOT / test).is_file()] == []
