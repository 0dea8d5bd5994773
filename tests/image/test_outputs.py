"""Outputs of every kind, to files that are none: standard output, a FIFO, a link."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from needed import need

from running import in_own_process, launcher, surroundings
from tiers import sampled

# Little to compute, for each command.
LITTLE = {
    "mandel": "--window -2 0.5 -1.25 1.25 --size 31 17 --maxiter 60 --impl numpy",
    "write": "--impl npy -n 2 -s 4",
    "read": "--impl npy -n 2 -s 4",
    "pi": "--impl numpy -n 1000",
    "linalg": "--task dot -n 8 --impl numpy",
    "p2p": "--impl mpi-upper --sizes 8 --times 2",
    "startup": "--impl spawn --import json",
    "talk": "nersc 25",
    "doctor": "--quick --only surroundings",
    "arrays": "",
    "forecast": "--import json --operations 200 --size 1 --probe /tmp",
}
RANKS = {"p2p": 2}


def endings(option: str) -> str:
    kinds = {"--json": ".json", "--plot": ".png", "--out": ".png"}
    return kinds.get(option, "")


def is_picture(data: bytes) -> None:
    assert data.startswith(b"\x89PNG")
    # The last chunk, and nothing behind it.
    assert data.endswith(b"IEND\xaeB`\x82")


READS: dict[str, Callable[[bytes], object]] = {
    "--json": json.loads,
    "--profile cprofile": marshal.loads,
    "--profile line": lambda data: data.index(b"Timer unit"),
    "--plot": is_picture,
    "--out": is_picture,
}
# mandel has each option, and all commands have one: arrays only draws.
CASES = [("mandel", option) for option in READS]
CASES += [(name, "--json") for name in LITTLE if name not in ("mandel", "arrays")]
CASES += [("arrays", "--plot")]
every = pytest.mark.parametrize(("name", "option"), sampled(CASES, keep=len(READS)))
# What a file is to a program is the same for all of them: a text, and a picture.
some = pytest.mark.parametrize(("name", "option"), [("mandel", "--json"), ("mandel", "--out")])


def run(name: str, option: str, target: Path | str) -> tuple[bytes, str]:
    """Run a command with one output; return what it wrote to stdout and stderr."""
    if option == "--plot":
        need("matplotlib")
    start = launcher(RANKS[name]) if name in RANKS else []
    words = [*LITTLE[name].split(), *option.split(), target]
    command = [*start, sys.executable, "-m", "workloads", name, *map(str, words)]
    done = subprocess.run(command, env=surroundings(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


@contextlib.contextmanager
def reader(read: Callable[[], bytes]) -> Iterator[list[bytes]]:
    """Read beside what writes: a FIFO and a terminal hold little."""
    got: list[bytes] = []
    thread = Thread(target=lambda: got.append(read()), daemon=True)
    thread.start()
    yield got
    thread.join(300)
    assert got, "nothing came"


@every
def test_standard_output_has_it_alone(name: str, option: str) -> None:
    shown, _ = run(name, option, "-")
    READS[option](shown)


@some
def test_a_fifo_gets_it_and_stays(name: str, option: str, tmp_path: Path) -> None:
    fifo = tmp_path / f"fifo{endings(option)}"
    os.mkfifo(fifo)
    with reader(fifo.read_bytes) as got:
        run(name, option, fifo)
    READS[option](got[0])
    assert fifo.is_fifo()
    assert [*tmp_path.iterdir()] == [fifo]


@some
def test_a_links_target_is_replaced(name: str, option: str, tmp_path: Path) -> None:
    target = tmp_path / "far/target"
    target.parent.mkdir()
    target.write_text("older")
    link = tmp_path / f"link{endings(option)}"
    link.symlink_to("far/target")
    run(name, option, link)
    READS[option](target.read_bytes())
    assert link.is_symlink()
    assert [*target.parent.iterdir()] == [target]


def test_two_pictures_do_not_go_to_one_output() -> None:
    done = in_own_process(sys.executable, "-m", "workloads", "mandel", "--out", "-")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "add --area" in done.stderr
