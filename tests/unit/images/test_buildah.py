"""An ordinary user's older buildah cannot bind from a file system mounted nosuid or nodev."""

import sys
from pathlib import Path

import pytest
from processes import environment, mounted

from running import printed, run

CODE = """
import sys
from pathlib import Path
from hpcpy.images.buildah import require_bindable
from hpcpy.engine.tools import Version
from hpcpy.core.errors import UnavailableError
try:
    require_bindable(Path(sys.argv[1]), Version(tuple(map(int, sys.argv[2].split(".")))))
except UnavailableError as error:
    print(error)
"""


def said(folder: Path, options: str, version: str) -> str:
    """Return the error for a tmpfs that is mounted on a folder with some options, or ""."""
    before = mounted(folder, f'mount -t tmpfs -o {options} none "$0"')
    return printed(run(*before, sys.executable, "-c", CODE, folder, version, env=environment()))


def test_a_folder_that_cannot_be_bound_is_refused_in_one_line(tmp_path: Path) -> None:
    told = said(tmp_path, "nosuid,nodev", "1.28.2")
    assert told.startswith(f"{tmp_path}: its file system is mounted nosuid or nodev")
    assert told.count("\n") == 1


@pytest.mark.parametrize(("options", "version"), [("nosuid", "1.33.7"), ("noatime", "1.28.2")])
def test_another_folder_or_version_is_taken(tmp_path: Path, options: str, version: str) -> None:
    assert said(tmp_path, options, version) == ""
