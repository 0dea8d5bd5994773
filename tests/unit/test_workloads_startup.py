"""What a start costs: the command line, programs that fail or are stopped, the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from processes import python, wait_until

from workloads.__main__ import main
from workloads.errors import UnavailableError, WorkloadError
from workloads.harness.result import Result
from workloads.startup.cases import CASES
from workloads.startup.command import STARTUP
from workloads.startup.overview import Overview
from workloads.startup.registry import FASTEST, TECHNIQUES
from workloads.startup.techniques import importtime, traced

HEAVY = ("numpy", "mpi4py", "numba", "matplotlib", "multiprocessing")


@pytest.mark.parametrize("option", ["--help", "--list"])
def test_help_and_list_import_nothing_heavy(option: str) -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "try: main(['startup', sys.argv[1]])\n"
        "except SystemExit: pass\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in "
        f"{HEAVY}), sep='\\n', file=sys.stderr)"
    )
    done = python("-c", code, option)
    assert done.stdout
    assert done.stderr.split() == []


def test_every_technique_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["startup", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)
    assert {*FASTEST} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--case nonesuch", "'nonesuch' is none of pass, numpy, core, core+MPI"),
        ("--case pass,", "'' is none of"),
        ("--import", "expected one argument"),
        ("--import numpy;x", "'numpy;x' is no module's name"),
        ("--import numpy,,x", "'' is no module's name"),
        ("--import 1x", "'1x' is no module's name"),
        ("--import .x", "'.x' is no module's name"),
        ("nonesuch.py", "nonesuch.py: there is no such script"),
        ("-- -c", "-c: there is no such script"),
        ("--impl nonesuch", "unknown technique 'nonesuch'"),
        ("--impl spawn --scale 1,2", "spawn has no workers"),
        ("--workers 0", "at least 1"),
        ("--repeat 0", "at least 1"),
        ("--json {tmp}/absent/s.json", "absent"),
        ("--plot {tmp}/s.docx", ".docx"),
        ("--full", "--full"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["startup", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_a_module_that_is_not_there_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["startup", "--import", "json,no_such_module.part"]) == 69
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Python has no module 'no_such_module'" in said


def test_without_a_choice_absent_modules_cost_one_case_and_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workloads.startup.cases.importlib.util.find_spec", lambda _: None)
    wish = _wish()
    (only,) = STARTUP.problems(wish)
    assert only.name == "pass"
    assert "numpy: left out: Python has no module 'numpy' here" in only.prepare([])


def test_an_unknown_machine_is_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        machine = "riscv64"

    monkeypatch.setattr("workloads.startup.registry.os.uname", Other)
    assert "riscv64" in TECHNIQUES["ptrace"].why_not()


def test_a_failing_program_exits_1_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import sys\nprint('first', file=sys.stderr)\nsys.exit('last words')\n")
    for technique in TECHNIQUES:
        assert main(["startup", "--impl", technique, "--", str(script)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.endswith("bad.py: ended with exit code 1: last words\n")


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_program_gets_the_variables_of_the_start_not_later_ones(
    technique: Any, tmp_path: Path
) -> None:
    script = tmp_path / "env.py"
    script.write_text(
        "import os, sys\n"
        "assert os.environ['GIVEN'] == 'ü=1' and os.environ['EMPTY'] == ''\n"
        "assert 'LATER' not in os.environ, 'set by the workload itself'\n"
    )
    code = (
        "import os, sys; from workloads.__main__ import main\n"
        "os.environ['LATER'] = '1'; sys.exit(main(sys.argv[1:]))"
    )
    words = ["startup", "--impl", technique, "--", script]
    done = python("-c", code, *words, GIVEN="ü=1", EMPTY="")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_ctrl_c_ends_what_was_started(technique: Any, tmp_path: Path) -> None:
    script, seen = tmp_path / "long.py", tmp_path / "seen"
    # The first run, before the clock starts, ends at once.
    script.write_text(
        "import os, pathlib, sys, time\n"
        "seen = pathlib.Path(sys.argv[1])\n"
        "if not seen.exists(): sys.exit(seen.touch())\n"
        "with seen.open('a') as file: file.write(f'{os.getpid()}\\n')\n"
        "time.sleep(600)\n"
    )
    words = ["startup", "--impl", technique, "--workers", "2", "--", str(script), str(seen)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "workloads", *words]
    want = 2 if technique == "spawn-many" else 1
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as job:
        wait_until(lambda: seen.exists() and seen.read_text().count("\n") >= want)
        job.send_signal(signal.SIGINT)
        assert job.stderr is not None
        assert job.stderr.read() == "workloads: startup: stopped\n"
    assert job.returncode == 130
    started = [Path("/proc") / pid for pid in seen.read_text().split()]
    wait_until(lambda: not any(process.exists() for process in started))


def test_no_process_left_is_69_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("workloads.startup.program.os.posix_spawn", refuse)
    assert main(["startup", "--case", "pass", "--impl", "spawn-many", "--workers", "9"]) == 69
    said = capsys.readouterr().err
    assert said == (
        "workloads: startup: no process can be started (Resource temporarily unavailable)\n"
    )


def test_a_script_gets_its_words_and_its_output_is_thrown_away(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script, seen = tmp_path / "good.py", tmp_path / "seen"
    script.write_text(
        "import pathlib, sys\nprint('out')\n"
        f"pathlib.Path({str(seen)!r}).write_text(repr(sys.argv[1:]))\n"
    )
    assert main(["startup", "--impl", "spawn", "--", str(script), "-1", "--x", "--", "y"]) == 0
    assert seen.read_text() == "['-1', '--x', '--', 'y']"
    shown = capfd.readouterr()
    assert shown.err == ""
    assert "out\n" not in shown.out
    assert "good.py" in shown.out


def test_the_kernels_account_of_a_child_is_what_it_has_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100_000)
    # In a process without threads: what they read would be in the account.
    code = (
        "import sys; from workloads.startup import program\n"
        "for code in ('f = open', f'f = open({sys.argv[1]!r}, \"rb\", 0); f.read(100_000)'):\n"
        "    ended = program.run([sys.executable, '-I', '-S', '-c', code])\n"
        "    print(ended.bytes_read, ended.read_calls)"
    )
    done = python("-c", code, path)
    assert (done.returncode, done.stderr) == (0, "")
    if "None" in done.stdout:
        pytest.skip("this kernel keeps no account of bytes")
    (base, calls), (read, more) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert (read - base, more - calls) == (100_000, 1)


def test_as_many_are_started_at_once_as_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "s.json"
    options = ["--impl", "spawn-many", "--case", "pass", "--scale", "1,3", "--json", str(report)]
    assert main(["startup", *options]) == 0
    results = json.loads(report.read_text())["results"]
    assert [(r["workers"], r["work"]) for r in results] == [(1, 1), (3, 3)]
    assert "at once" in capsys.readouterr().out


def test_imports_are_read_with_their_depth() -> None:
    said = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |     numpy.core\n"
        "a warning of numpy\n"
        "import time:      1000 |       1100 | numpy\n"
    )
    assert importtime.imports(said) == [
        ("numpy.core", 0.0001, 0.0001, 2),
        ("numpy", 0.001, 0.0011, 0),
    ]


class TestVerdict:
    seen: ClassVar[dict[str, int | None]] = {"bytes_moved": 10, "accounted": 10, "processes": 0}

    def test_the_kernels_account_is_the_judge(self) -> None:
        assert traced._compare(self.seen) == "bytes read as the kernel accounts them"
        wrong = traced._compare({**self.seen, "accounted": 11})
        assert wrong == "WRONG: 10 bytes read, 11 by the kernel's account"

    def test_without_one_nothing_is_claimed(self) -> None:
        assert "no account" in traced._compare({**self.seen, "accounted": None})
        assert "not compared" in traced._compare({**self.seen, "processes": 2})

    def test_a_tracer_that_fails_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Failed:
            stdout, stderr, returncode = "", "Traceback\nMemoryError\n", 1

        trial: Any = _NoTrial()
        monkeypatch.setattr("subprocess.run", lambda *_, **__: Failed)
        with pytest.raises(WorkloadError, match="exit code 1: MemoryError"):
            traced.compute(CASES["pass"], trial)
        Failed.stdout = '{"error": "the kernel refuses ptrace (why)"}'
        with pytest.raises(UnavailableError, match="refuses"):
            traced.compute(CASES["pass"], trial)


class TestOverview:
    def test_what_was_not_measured_has_no_column(self) -> None:
        details = {"wall": 0.010, "cpu": 0.008, "bytes_read": None, "starts": 1}
        spawn = Result("spawn", "pass", [0.01], work=1, ok=True, verdict="ended with 0")
        spawn.details = [details, {**details, "wall": 0.030}, {**details, "wall": 0.020}]
        shown = Overview().table([spawn])
        assert "20.0" in shown.splitlines()[2], "the median"
        assert "–" in shown.splitlines()[2], "no account"
        assert "path calls" not in shown
        assert "ended with 0" in shown


class _NoTrial:
    def clock(self) -> Any:
        import contextlib

        return contextlib.nullcontext()


def _wish(*words: Any) -> Any:
    import argparse

    parser = argparse.ArgumentParser()
    STARTUP.add_options(parser.add_argument_group())
    return parser.parse_args(words)
