"""What a bake takes for a distribution's own: nothing outside of site-packages."""

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
import small_bundle  # noqa: F401 - has the bake's modules on sys.path

from hpcpy_bake import installed

HOME = "old-1.dist-info"
# What a RECORD may name, and what that is of the distribution's.
NAMES = {
    "old/code.py": "old/code.py",
    "old/../other/code.py": "other/code.py",
    "../../../bin/old.py": None,
    "old/../../os.py": None,
    "/etc/code.py": None,
}


@pytest.mark.parametrize(("name", "known"), NAMES.items(), ids=[*NAMES])
def test_a_record_names_files_of_site_packages_alone(
    name: str, known: str | None, tmp_path: Path
) -> None:
    (tmp_path / HOME).mkdir()
    (tmp_path / HOME / "METADATA").write_text("Name: old\nVersion: 1\n")
    (tmp_path / HOME / "RECORD").write_text(f"{name},,\n{HOME}/METADATA,,\n")
    own = {f"{HOME}/METADATA", f"{HOME}/RECORD", *([known] if known else [])}
    assert {*installed.files(PathDistribution(tmp_path / HOME))} == own
