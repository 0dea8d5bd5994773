"""An ordinary user's older buildah binds nothing from a file system mounted nosuid or nodev."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpcpy.build.buildah import require_bindable
from hpcpy.engine.versions import Version
from hpcpy.errors import UnavailableError

# Distributions and containers mount at least one of them so.
MOUNTS = [Path("/", name) for name in ("proc", "sys", "dev/shm", "run")]
OLD, NEW = Version((1, 28, 2)), Version((1, 33, 7))


def test_a_folder_that_cannot_be_bound_is_refused_in_one_line() -> None:
    found = [one for one in MOUNTS if one.exists() and os.statvfs(one).f_flag & os.ST_NOSUID]
    if not found:
        pytest.skip(f"nothing is mounted nosuid: {MOUNTS}")
    with pytest.raises(UnavailableError, match=r"nosuid or nodev.*buildah 1\.28\.2") as caught:
        require_bindable(found[0], OLD)
    assert "\n" not in str(caught.value)
    require_bindable(found[0], NEW)


def test_another_folder_is_taken(tmp_path: Path) -> None:
    if os.statvfs(tmp_path).f_flag & (os.ST_NOSUID | os.ST_NODEV):
        pytest.skip(f"{tmp_path} is mounted nosuid or nodev")
    require_bindable(tmp_path, OLD)
