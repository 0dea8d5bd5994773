"""However a program is stopped, nothing of it runs when who called it goes on."""

import signal
from pathlib import Path

import pytest
from processes import runs, start

from hpcpy.core import programs
from proc_files import processes
from running import wait_until
from tiers import sampled

# hpcpy's own main around a command that has a scratch folder, and starts a program in it.
TOOL = """
import subprocess, sys, threading, time, types
from pathlib import Path
from hpcpy import __main__
from hpcpy import commands
from hpcpy.core import paths, programs
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import in_order, stage
folder, script, way, grace = sys.argv[1:]
paths.BUILD = Path(folder)
paths.LOGS = Path(folder, "logs")
programs.GRACE = float(grace)
command = types.ModuleType("long_command")
def main(options):
    with build_scratch("x") as scratch:
        words = ["sh", "-c", script, "sh", folder, scratch]
        def staged(late=0):
            with stage("compile it all") as current:
                try:
                    current.run(words)
                finally:
                    time.sleep(late / 4)
        if way == "stage":
            staged()
        elif way == "two threads":
            # As on a busy machine: both programs run before the second thread is known.
            begin = threading.Thread.start
            threading.Thread.start = lambda thread: (begin(thread), time.sleep(0.5))
            in_order([0, 1], lambda _: (), staged, at_once=2)
        elif way == "captured in a thread":
            # Its wait ends each second: a signal just before a call that waits would not end it.
            in_order([0], lambda _: (), lambda _: programs.captured(words), at_once=1)
        else:
            programs.run(words, process_group=None)
command.declare, command.main = lambda parser: None, main
sys.modules["long_command"] = command
commands.COMMANDS["long"] = ("long_command", "takes long")
sys.exit(__main__.main(["long"]))
"""
# Each writes its number, and goes on writing into the scratch folder.
_WRITES = 'echo $$ >>"$1/pids"; while :; do sleep 0.1; date >"$2/file"; done'
PROGRAMS = {
    "tidies up": 'trap "sleep 0.5; echo tidied >>\\"$1/tidied\\"; exit" TERM; ' + _WRITES,
    "is deaf": f'trap "" HUP INT TERM; {_WRITES}',
    "has others": f'sh -c \'trap "" HUP INT TERM; {_WRITES}\' sh "$1" "$2" & {_WRITES}',
    # As ninja starts compilers.
    "has another group": f'setsid sh -c \'{_WRITES}\' sh "$1" "$2" & {_WRITES}',
}
STOPS = [
    *(("stage", number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)),
    *((way, signal.SIGTERM) for way in ("two threads", "captured in a thread", "its user's")),
]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("way", "number"), sampled(STOPS, 2))
def test_a_stopped_program_has_ended_when_hpcpy_ends(
    tmp_path: Path, way: str, number: signal.Signals, program: str
) -> None:
    pids, count = tmp_path / "pids", (1 + (way == "two threads")) * (1 + ("has" in program))
    # What tidies up has time for it, also on a busy machine.
    grace = "300" if program == "tidies up" else "1"
    with start(TOOL, tmp_path, PROGRAMS[program], way, grace) as tool:
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) == count, tool)
        tool.send_signal(number)
        said = tool.communicate()[1]
    assert not [pid for pid in map(int, pids.read_text().split()) if runs(pid)]
    assert tool.returncode == CODES[number], said
    assert not list((tmp_path / "scratch").glob("[!.]*"))
    assert (tmp_path / "tidied").exists() == (program == "tidies up")
    assert said.splitlines()[-1] == "hpcpy long: stopped; run the same command again"


def test_a_second_signal_does_not_wait_for_a_deaf_program(tmp_path: Path) -> None:
    notes_it = f'trap "touch \\"$1/asked\\"" TERM; {_WRITES}'
    with start(TOOL, tmp_path, notes_it, "stage", "300") as tool:
        for file in ("pids", "asked"):
            wait_until((tmp_path / file).exists, tool)
            tool.send_signal(signal.SIGTERM)
        tool.communicate()
    assert tool.returncode == 143
    assert not list((tmp_path / "scratch").glob("[!.]*"))


STARTS_OTHERS = "while :; do setsid sleep 300 & sleep 0.005; done"


@pytest.mark.parametrize("script", sampled([STARTS_OTHERS, *PROGRAMS.values()], 2))
def test_after_a_time_limit_nothing_of_a_program_runs(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "GRACE", 1.0)
    monkeypatch.setenv("HPCPY_TEST", str(tmp_path))
    done = programs.captured(["sh", "-c", script, "sh", tmp_path, tmp_path], seconds=0.5)
    assert (done.returncode, done.stderr) == (programs.NOT_STARTED, "no answer in 0.5 s")
    assert [*processes(f"HPCPY_TEST={tmp_path}")] == []


def test_a_killed_tool_leaves_nothing(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with start(TOOL, tmp_path, PROGRAMS["has others"], "stage", "1") as tool:
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2, tool)
        tool.kill()
    wait_until(lambda: not any(runs(int(pid)) for pid in pids.read_text().split()))
