"""numba's machine code is never taken from a folder that another user has made.

The attacker runs the victim's program with another factor, which numba compiles in, and
puts that machine code under the name of the victim's where his cache will be looked for.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpcpy.engine.prefix import find_apptainer
from in_image import image_command
from running import printed, run
from tiers import sampled

# nobody and daemon: Apptainer warns of a user without a name.
VICTIM, ATTACKER = 65534, 1
PROGRAM = """
import sys, numba
factor = int(sys.argv[1])
@numba.njit(cache=True)
def times(x):
    return factor * x
print(times(1), sum(times.stats.cache_hits.values()))
"""

if os.geteuid() != 0:
    pytest.skip("only root can be two users", allow_module_level=True)


@pytest.fixture
def tmp() -> Iterator[Path]:
    """Give a folder that is everybody's, with the victim's program and the attacker's cache."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-hostile.") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        (folder / "program.py").write_text(PROGRAM)
        (folder / "program.py").chmod(0o644)
        yield folder


def answer(sif: str, tmp: Path, uid: int, factor: int, *variables: str) -> tuple[int, int]:
    """Return what a program computes for 1, and how often it took it from a cache."""
    as_victim = image_command(find_apptainer(), Path(sif), tmp)
    command = [word.replace(f"id:{VICTIM}", f"id:{uid}") for word in as_victim]
    words = (*variables, "python", "/tmp/program.py", str(factor))  # noqa: S108  # the image's
    shown = printed(run(*command, *words))
    times, hits = shown.split()
    return int(times), int(hits)


def as_is(folder: Path) -> None:
    assert folder.stat().st_uid == ATTACKER


def given_away(folder: Path) -> None:
    """The attacker may still write there: `chown` is root's, a mode of 777 the victim's."""
    os.chown(folder, VICTIM, VICTIM)
    folder.chmod(0o777)


def as_a_link(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    os.chown(elsewhere, VICTIM, VICTIM)
    folder.symlink_to(elsewhere)
    os.chown(folder, ATTACKER, ATTACKER, follow_symlinks=False)


@pytest.fixture
def planted(sif: str, tmp: Path) -> Path:
    folder = tmp / f"hpcpy-{VICTIM}"
    folder.mkdir()
    os.chown(folder, ATTACKER, ATTACKER)
    cache = f"NUMBA_CACHE_DIR=/tmp/hpcpy-{VICTIM}/numba"
    assert answer(sif, tmp, ATTACKER, 3, cache) == (3, 0)
    (of_three,) = folder.rglob("*.nbc")
    assert answer(sif, tmp, ATTACKER, 2, cache) == (2, 0)
    (of_two,) = set(folder.rglob("*.nbc")) - {of_three}
    shutil.copyfile(of_three, of_two)
    # The attack works: who asks for that folder gets the attacker's answer.
    copy = shutil.copytree(folder, tmp / "copy")
    subprocess.run(["chown", "-R", str(VICTIM), copy], check=True)
    assert answer(sif, tmp, VICTIM, 2, "NUMBA_CACHE_DIR=/tmp/copy/numba") == (3, 1)
    return folder


@pytest.mark.parametrize("made", sampled([as_is, given_away, as_a_link]))
def test_its_code_is_not_run(
    sif: str, tmp: Path, planted: Path, made: Callable[[Path], None]
) -> None:
    made(planted)
    assert answer(sif, tmp, VICTIM, 2) == (2, 0)
