"""Every option that names an output, of every command, found in their parsers."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import marshal
import os
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from needed import need, needs

from running import in_own_process, launcher, surroundings
from tiers import sampled
from workloads.registry import TOOLS, WORKLOADS

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
# What is only read.
READ = {"--site", "--from", "--validate", "--python", "--check"}
# A file that is not to be there: test_exercise.py.
NEW = {"--to"}


class _Found(BaseException):
    pass


def parser_of(name: str) -> argparse.ArgumentParser:
    """Catch the parser that a command makes."""
    found = []

    def caught(self: argparse.ArgumentParser, *_: object) -> None:
        found.append(self)
        raise _Found

    main = importlib.import_module({**WORKLOADS, **TOOLS}[name][0]).main
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", caught)
        with pytest.raises(_Found):
            main([])
    return found[0]


def named(action: argparse.Action) -> tuple[str, ...]:
    """Return what `--help` calls an option's values."""
    metavar = action.metavar or ""
    return metavar if isinstance(metavar, tuple) else (metavar,)


def of_paths(word: str) -> Iterator[tuple[str, argparse.Action]]:
    for name in {**WORKLOADS, **TOOLS}:
        for action in parser_of(name)._actions:
            if word in named(action) and action.option_strings[0] not in READ | NEW:
                yield name, action


def outputs() -> Iterator[tuple[str, str]]:
    """Find each command's options with a file to write; `--profile` has its kinds, too."""
    for name, action in of_paths("FILE"):
        kinds = named(action)[0].split("|") if len(named(action)) > 1 else [""]
        for kind in kinds:
            yield name, f"{action.option_strings[0]} {kind}".strip()


def endings(option: str) -> str:
    kinds = {"--json": ".json", "--plot": ".png", "--out": ".png", "--profile viztracer": ".json"}
    return kinds.get(option, "")


def is_picture(data: bytes) -> None:
    assert data.startswith(b"\x89PNG")
    # The last chunk, and nothing behind it.
    assert data.endswith(b"IEND\xaeB`\x82")


READS: dict[str, Callable[[bytes], object]] = {
    "--json": json.loads,
    "--profile viztracer": json.loads,
    "--profile cprofile": marshal.loads,
    "--profile memory": lambda data: data.index(b"rank 0: "),
    "--profile line": lambda data: data.index(b"Timer unit"),
    "--plot": is_picture,
    "--out": is_picture,
}
# mandel has each option: in `make test` its own are tried alone.
CASES = sorted(outputs(), key=lambda case: case[0] != "mandel")
every = pytest.mark.parametrize(("name", "option"), sampled(CASES, keep=len(READS)))


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


def test_all_options_with_files_and_folders_are_known() -> None:
    assert CASES[: len(READS)] == [("mandel", option) for _, option in CASES[: len(READS)]]
    assert {option for _, option in CASES[: len(READS)]} == {*READS}
    assert {name for name, _ in outputs()} == {*WORKLOADS, *TOOLS} - {"exercise"}
    assert {option for _, option in outputs()} == {*READS}
    folders = [(name, action.option_strings) for name, action in of_paths("DIR")]
    assert folders == [("write", ["--out"]), ("talk", ["--html"])]


@every
def test_standard_output_has_it_alone(name: str, option: str) -> None:
    shown, _ = run(name, option, "-")
    READS[option](shown)


@every
def test_a_fifo_gets_it_and_stays(name: str, option: str, tmp_path: Path) -> None:
    fifo = tmp_path / f"fifo{endings(option)}"
    os.mkfifo(fifo)
    with reader(fifo.read_bytes) as got:
        run(name, option, fifo)
    READS[option](got[0])
    assert fifo.is_fifo()
    assert [*tmp_path.iterdir()] == [fifo]


@every
def test_a_terminal_behind_a_link_gets_it(name: str, option: str, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    link = tmp_path / f"link{endings(option)}"
    link.symlink_to(os.ttyname(theirs))

    def read() -> bytes:
        data = b""
        # At the end of a terminal there is an error.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 1 << 16):
                data += piece
        return data

    with reader(read) as got:
        run(name, option, link)
        os.close(theirs)
    os.close(ours)
    READS[option](got[0])
    assert link.is_symlink()
    assert [*tmp_path.iterdir()] == [link]


@every
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


def test_tables_go_to_standard_error_beside_it() -> None:
    assert "technique" in run("pi", "--json", "-")[1]


@pytest.mark.parametrize("name", ["-", "fifo", "link"])
@pytest.mark.parametrize(
    ("workload", "option"),
    [("write", "--out"), pytest.param("talk", "--html", marks=needs("matplotlib"))],
)
def test_a_folder_is_a_new_one(workload: str, option: str, name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    given = "-" if name == "-" else tmp_path / name
    words = [*LITTLE[workload].split(), option, given]
    done = in_own_process(sys.executable, "-m", "workloads", workload, *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert (tmp_path / "fifo").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_profile_goes_to_standard_output_beside_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "-").mkdir()
    command = [sys.executable, "-m", "workloads", "pi", *LITTLE["pi"].split()]
    done = subprocess.run(
        [*command, "--profile", "line", "-"],
        env=surroundings(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, list((tmp_path / "-").iterdir())) == (0, []), done.stderr
    assert b"Timer unit" in done.stdout


def test_two_pictures_do_not_go_to_one_output() -> None:
    done = in_own_process(sys.executable, "-m", "workloads", "mandel", "--out", "-")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "add --area" in done.stderr


@needs("matplotlib")
def test_a_report_is_drawn_again(tmp_path: Path) -> None:
    report, first, again = (tmp_path / name for name in ("pi.json", "first.png", "again.png"))
    command = [sys.executable, "-m", "workloads"]
    little = LITTLE["pi"].split()
    assert (
        in_own_process(*command, "pi", *little, "--json", report, "--plot", first).returncode == 0
    )
    assert in_own_process(*command, "pi", "--from", report, "--plot", again).returncode == 0
    assert again.read_bytes() == first.read_bytes()
    done = in_own_process(*command, "write", "--from", report, "--plot", again)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is of pi, not of write" in done.stderr


@needs("matplotlib")
@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"workload": "pi", "results": [1]}'])
def test_what_is_no_report_is_one_line(content: str | None, tmp_path: Path) -> None:
    report = tmp_path / "report"
    if content is not None:
        report.write_text(content)
    words = ["pi", "--from", report, "--plot", tmp_path / "pi.png"]
    done = in_own_process(sys.executable, "-m", "workloads", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "pi.png").exists()
