"""The next build removes what a killed one has left, but not while another one works."""

from pathlib import Path

from processes import start

from hpcpy.core.scratch import build_scratch
from running import first_line

HOLD = """
import sys, time
from pathlib import Path
from hpcpy.core import paths
from hpcpy.core.scratch import build_scratch
paths.BUILD = Path(sys.argv[1])
with build_scratch("part") as folder:
    (folder / "result").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def names(build: Path) -> list[str]:
    return sorted(path.name for path in (build / "scratch").glob("[!.]*"))


def test_the_next_command_removes_what_a_killed_one_has_left(build: Path) -> None:
    with start(HOLD, build) as killed:
        left = Path(first_line(killed).strip())
        killed.kill()
    assert (left / "result").exists()
    with build_scratch("image") as folder:
        assert names(build) == [folder.name]
    assert names(build) == []


def test_a_folder_in_use_stays(build: Path) -> None:
    with start(HOLD, build) as other:
        theirs = Path(first_line(other).strip())
        with build_scratch("image") as one, build_scratch("part") as two:
            assert names(build) == sorted([theirs.name, one.name, two.name])
        assert (theirs / "result").exists()
        other.terminate()
