"""`./hpcpy pack` is stopped before each rename and removal, and its user goes on as any would."""

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest
from packing import COMMAND, KILLED, pack, packed, remove, require, tree

from hpcpy.pack.places import beside, is_packed
from running import run
from tiers import sampled

ACTIONS = {"pack": (), "undo": ("--undo",), "update": ("--update",)}
# How a process that is stopped ends.
STOPS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """Give a folder with an environment that starts in milliseconds."""
    require()
    env = tmp_path / "work/env"
    for name in ("bin", "share", "lib/1", "lib/2", "lib/3"):
        (env / name).mkdir(parents=True)
        (env / name / "value").write_text("before\n")
    (env / "bin/show").write_text(f"#!/bin/sh\nexec cat {env}/*/value\n")
    (env / "bin/show").chmod(0o755)
    (env / "lib/1/value").chmod(0o444)
    (env / "lib/2").chmod(0o555)
    return env.parent


def act(action: str, prefix: Path, *before: object) -> int:
    value = prefix / "share/value"
    program = ("--", "sh", "-c", f"echo after >{value}") if action == "update" else ()
    words = [*COMMAND[:1], *before, *COMMAND[1:], *ACTIONS[action], prefix, *program]
    done = run(*words, cwd="/usr", env={**os.environ, "HPCPY_PACK_HOLD": "0"})
    assert done.returncode in (0, 2, *STOPS.values()), done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode


def restore(copy: Path, parent: Path) -> None:
    remove(parent)
    run("cp", "-a", copy, parent, check=True)


def add(prefix: Path, killed: str) -> dict[str, bytes]:
    """Put files of the user's beside an image and into the kept folder, and change one there."""
    mine = {"mine": prefix / "mine"}
    prefix.chmod(0o755)
    if killed == "undo":
        unpacked = beside(prefix, "unpacked")
        mine |= {"lib/mine": unpacked / "lib/mine", "lib/3/value": unpacked / "lib/3/value"}
    for path in mine.values():
        path.write_text("mine\n")
        path.chmod(0o444)
    return dict.fromkeys(mine, b"mine\n")


@pytest.mark.parametrize("number_of", sampled(STOPS))
@pytest.mark.parametrize("killed", sampled(["undo", "update", "pack"]))
def test_nothing_is_lost_whenever_it_is_stopped(
    parent: Path, killed: str, number_of: signal.Signals, tmp_path: Path
) -> None:
    prefix, begin, state = parent / "env", tmp_path / "begin", tmp_path / "state"
    before, mine = tree(prefix), {}
    if killed != "pack":
        mine = add(packed(prefix), killed)
    run("cp", "-a", parent, begin, check=True)
    for number in itertools.count(1):
        restore(begin, parent)
        ended = act(killed, prefix, "-c", KILLED, int(number_of), number, parent)
        if ended != STOPS[number_of]:
            break
        if state.exists():
            remove(state)
        run("cp", "-a", parent, state, check=True)
        if prefix.exists():
            shown = run(prefix / "bin/show", env={"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"})
            assert shown.stdout in ("before\n" * 2, "before\nafter\n"), shown
        for action in ACTIONS:
            restore(state, parent)
            is_done = act(action, prefix) == 0
            # Or it is what was asked for: packed already, not packed.  An update would lose what
            # is in the kept folder alone.
            is_updated = action == "update" and (is_done or beside(prefix, "unpacked").exists())
            assert is_packed(prefix) == (action == "pack" or is_updated), (number, action)
            act("undo", prefix)
            assert [path.name for path in parent.iterdir()] == ["env"], (number, action)
            after = tree(prefix)
            assert after.keys() == before.keys() | mine.keys(), (number, action)
            assert after["share/value"][2] in [(1, b"before\n"), (1, b"after\n")]
            assert {name: (prefix / name).read_bytes() for name in mine} == mine, (number, action)
    assert number > 3


def test_a_folder_that_lacks_files_is_not_given_back(parent: Path) -> None:
    prefix = parent / "env"
    before, unpacked = tree(prefix), beside(packed(prefix), "unpacked")
    # The user's own rm -r, interrupted; caches of bytecode are no part of what was packed.
    shutil.rmtree(unpacked / "lib/3")
    (unpacked / "lib/__pycache__").mkdir()
    by_folder = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_ENGINE": "folder"}
    shown = run(prefix / "bin/show", env=by_folder)
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (69, "", 1)
    assert f"{unpacked}: files that were packed are missing" in shown.stderr
    done = pack("--undo", prefix)
    assert (done.returncode, tree(prefix)) == (0, before)
    assert f"{unpacked} lacks files that were packed; it is left: look for" in done.stderr


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("exit 3", "fails ended with exit code 3"),
        ("kill -9 $$", "fails was killed by signal 9 (SIGKILL)"),
    ],
)
def test_a_program_that_fails_leaves_its_folder_unpacked(parent: Path, end: str, says: str) -> None:
    # Exit code 0: a script then removed the folder as it was.
    prefix = parent / "env"
    (prefix / "bin/fails").write_text(f"#!/bin/sh\n{end}\n")
    (prefix / "bin/fails").chmod(0o755)
    before = tree(prefix)
    done = pack(prefix, "--", "fails")
    # No line of a size: nothing is packed.
    assert (done.returncode, done.stdout, tree(prefix)) == (1, "", before)
    assert says in done.stderr
    assert not beside(prefix, "unpacked").exists()
