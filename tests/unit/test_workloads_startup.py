"""What a start costs: the command line, the tables it shares with hpcpy bench, the tracer."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcpy.measure import cases, counts, places
from workloads.__main__ import main
from workloads.errors import UnavailableError, WorkloadError
from workloads.harness.result import Result
from workloads.startup import program
from workloads.startup.cases import CASES
from workloads.startup.command import STARTUP
from workloads.startup.overview import Overview
from workloads.startup.places import is_node_local
from workloads.startup.registry import FASTEST, TECHNIQUES
from workloads.startup.syscalls import KINDS, MACHINES, PATH_KINDS, rules
from workloads.startup.techniques import importtime, traced

HEAVY = ("numpy", "mpi4py", "numba", "matplotlib", "multiprocessing")


def python(*words, **variables):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
    return subprocess.run(
        [sys.executable, *map(str, words)], env=env, capture_output=True, text=True, check=False
    )


def calls_of(code, *options):
    """Count the calls of a program that imports nothing by itself."""
    command = [sys.executable, "-I", "-S", *options, "-c", code]
    done = python("-m", "workloads.startup.tracer", *command)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    if "error" in found:
        pytest.skip(found["error"])
    assert found["code"] == 0
    return found


@pytest.mark.parametrize("option", ["--help", "--list"])
def test_help_and_list_import_nothing_heavy(option):
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


def test_every_technique_has_its_line(capsys):
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
def test_bad_input_gets_one_line_and_code_2(options, says, tmp_path, capsys):
    assert main(["startup", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_a_module_that_is_not_there_is_69(capsys):
    assert main(["startup", "--import", "json,no_such_module.part"]) == 69
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Python has no module 'no_such_module'" in said


def test_without_a_choice_absent_modules_cost_one_case_and_are_told(monkeypatch):
    monkeypatch.setattr("workloads.startup.cases.importlib.util.find_spec", lambda _: None)
    wish = _wish()
    (only,) = STARTUP.problems(wish)
    assert only.name == "pass"
    assert "numpy: left out: Python has no module 'numpy' here" in only.prepare([])


class TestSharedWithTheBench:
    """The image has no hpcpy: what both define must not drift apart."""

    def test_cases_run_the_same(self):
        theirs = {case.name.replace(" ", ""): case for case in cases.CASES}
        for name, case in CASES.items():
            assert [*case.arguments] == ["-c", theirs[name].source()]

    def test_kinds_are_the_same(self):
        assert PATH_KINDS == counts.KINDS
        for machine in MACHINES:
            for rule in rules(machine).values():
                if rule.kind in PATH_KINDS:
                    assert rule.kind == counts._KIND.get(rule.name, "other"), rule.name
        known = {rule.name for machine in MACHINES for rule in rules(machine).values()}
        elsewhere = {"stat64", "lstat64", "fstatat64"}  # 32 bits
        assert {*counts._KIND} - elsewhere <= known
        assert {*counts._READS, *counts._LISTINGS} <= known

    @pytest.mark.parametrize(
        "path",
        [
            *("/etc", "/etc/hosts", "/etcetera", "/proc/self/maps", "/sys", "/dev/shm/x"),  # noqa: S108
            *("/lib/libc.so.6", "/lib64/x", "/library", "/usr/lib/locale/C.utf8", "/usr/lib64/x"),
            *("/usr/lib/python3.14/os.py", "/usr/lib/python3/dist-packages/numpy", "/usr/lib/x.py"),
            *("/", "/opt/hpcpy", "/usr", "/usr/lib/../share", "/home/me/lib", "/tmp/x"),  # noqa: S108
        ],
    )
    def test_places_are_the_same(self, path):
        assert is_node_local(path) == places.is_node_local(path)


class TestNumbers:
    @pytest.mark.parametrize("machine", MACHINES)
    def test_each_number_is_one_call(self, machine):
        found = rules(machine)
        names = [rule.name for rule in found.values()]
        assert len({*names}) == len(names)
        assert {rule.kind for rule in found.values()} == {*KINDS}

    def test_calls_newer_than_both_machines_have_one_number(self):
        # From 424 on the kernel numbers all machines alike.
        x86, arm = rules("x86_64"), rules("aarch64")
        newer = {number: rule for number, rule in x86.items() if number >= 424}
        assert newer == {number: rule for number, rule in arm.items() if number >= 424}
        assert len(newer) == 3

    def test_what_one_machine_lacks_it_has_under_another_name(self):
        missing = {r.name for r in rules("x86_64").values()} - {
            r.name for r in rules("aarch64").values()
        }
        assert {"open", "stat", "access", "readlink"} <= missing
        assert not {"openat", "newfstatat", "faccessat", "readlinkat"} & missing


class TestTracer:
    BASE = "import os"

    def more(self, code):
        """Return how much more a program does than one that does nothing."""
        base, found = calls_of(self.BASE), calls_of(f"{self.BASE}\n{code}")
        kinds = {k: found["kinds"][k] - base["kinds"][k] for k in KINDS}
        rest = {k: found[k] - base[k] for k in found if k not in ("kinds", "code", "folders")}
        return {key: value for key, value in {**rest, **kinds}.items() if value}

    def test_every_kind_is_counted(self):
        code = (
            "for call in (os.stat, os.readlink, os.rmdir, lambda p: os.open(p, 0)):\n"
            "    try: call('/nonexistent/x')\n"
            "    except OSError: pass\n"
            "os.access('/proc/none', os.R_OK)\n"
        )
        found = self.more(code)
        one_each = {"open": 1, "stat": 1, "access": 1, "readlink": 1, "other": 1}
        assert one_each.items() <= found.items()
        # /proc is node-local, and nothing was opened.
        assert (found["path_calls"], found["off_node"], found.get("opens", 0)) == (5, 4, 0)

    def test_off_node_calls_are_told_by_folder_and_whether_they_found_something(self, tmp_path):
        (tmp_path / "x").touch()
        code = (
            "import os\n"
            f"os.chdir({str(tmp_path)!r})\n"
            "for name in ('x', 'y', 'z', 'sub/y', '/proc/none'): os.access(name, os.R_OK)\n"
        )
        folders = {folder: rest for folder, *rest in calls_of(code)["folders"]}
        assert folders[str(tmp_path)] == [3, 2]
        assert folders[str(tmp_path / "sub")] == [1, 1]
        assert "/proc" not in folders

    def test_bytes_are_those_of_files_that_are_off_node(self, tmp_path):
        path = tmp_path / "x"
        path.write_bytes(b"x" * 5_000)
        code = (
            f"f = os.open({str(path)!r}, 0); os.read(f, 3_000); os.pread(f, 9_000, 1_000)\n"
            "r, w = os.pipe(); os.write(w, bytes(700)); os.read(r, 700)\n"
            "g = os.open('/etc/passwd', 0); os.read(g, 10)\n"
        )
        found = self.more(code)
        assert (found["bytes_read"], found["bytes_moved"]) == (7_000, 7_710)
        assert (found["read"], found["opens"]) == (4, 2)
        assert found["accounted"] == found["bytes_moved"]

    def test_threads_and_processes_are_followed(self):
        code = (
            "import _thread, time\n"
            "lock = _thread.allocate_lock(); lock.acquire()\n"
            "def work():\n"
            "    os.access('/nonexistent/a', 0); lock.release()\n"
            "_thread.start_new_thread(work, ()); lock.acquire()\n"
            "if not os.fork():\n"
            "    os.access('/nonexistent/b', 0); os._exit(0)\n"
            "os.wait()\n"
        )
        found = self.more(code)
        assert (found["threads"], found["processes"], found["access"]) == (1, 1, 2)

    def test_it_begins_with_the_programs_own_execve(self):
        found = calls_of("pass")
        assert found["kinds"]["execve"] == 1
        assert found["calls"] >= sum(found["kinds"].values())

    def test_signals_reach_the_program(self):
        calls_of(
            "import os, signal\n"
            "seen = []\n"
            "signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))\n"
            "os.kill(os.getpid(), signal.SIGUSR1)\n"
            "assert seen == [1]\n"
        )

    def test_threads_that_are_killed_in_the_middle_of_a_call(self):
        code = (
            "import _thread, os, time\n"
            "def work():\n"
            "    while True: os.access('/nonexistent/a', 0)\n"
            "for _ in range(4): _thread.start_new_thread(work, ())\n"
            "time.sleep(0.02)\n"
            "os._exit(0)\n"
        )
        for _ in range(3):
            assert calls_of(code)["threads"] == 4

    def test_a_thread_that_starts_another_program(self):
        code = (
            "import _thread, os, sys, time\n"
            "rest = ['-I', '-S', '-c', 'import os; os.access(\"/nonexistent/b\", 0)']\n"
            "_thread.start_new_thread(os.execv, (sys.executable, [sys.executable, *rest]))\n"
            "time.sleep(60)\n"
        )
        found = calls_of(code)
        assert (found["kinds"]["execve"], found["processes"], found["threads"]) == (2, 0, 1)

    def test_what_cannot_be_started_is_said(self):
        done = python("-m", "workloads.startup.tracer", "/nonexistent/python")
        said = json.loads(done.stdout)["error"]
        assert "cannot be started (No such file or directory)" in said or "refuses" in said


class TestRefusal:
    """Who is traced already can be traced by nobody else: a real refusal."""

    def traced(self, tmp_path, *options):
        report = tmp_path / "s.json"
        words = ["-m", "workloads", "startup", "--case", "pass", "--json", str(report), *options]
        command = ["-m", "workloads.startup.tracer", sys.executable, *words]
        done = python(*command)
        return done, report

    def test_ptrace_alone_is_69_and_one_line(self, tmp_path):
        done, report = self.traced(tmp_path, "--impl", "ptrace")
        assert json.loads(done.stdout)["code"] == 69
        want = "startup: the kernel refuses ptrace (Operation not permitted)"
        assert done.stderr == f"workloads: {want}\n"
        assert not report.exists()

    def test_the_others_are_left(self, tmp_path):
        done, report = self.traced(tmp_path)
        assert (json.loads(done.stdout)["code"], done.stderr) == (0, "")
        results = json.loads(report.read_text())["results"]
        assert [one["impl"] for one in results] == ["spawn", "spawn-many", "importtime"]


def test_an_unknown_machine_is_no_guess(monkeypatch):
    class Other:
        machine = "riscv64"

    monkeypatch.setattr("workloads.startup.registry.os.uname", Other)
    assert "riscv64" in TECHNIQUES["ptrace"].why_not()


def test_a_failing_program_exits_1_with_its_last_words(tmp_path, capsys):
    script = tmp_path / "bad.py"
    script.write_text("import sys\nprint('first', file=sys.stderr)\nsys.exit('last words')\n")
    for technique in TECHNIQUES:
        assert main(["startup", "--impl", technique, "--", str(script)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.endswith("bad.py: ended with exit code 1: last words\n")


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_program_gets_the_variables_of_the_start_not_later_ones(technique, tmp_path):
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


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_ctrl_c_ends_what_was_started(technique, tmp_path):
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
        while not seen.exists() or seen.read_text().count("\n") < want:
            assert job.poll() is None
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        assert job.stderr is not None
        assert job.stderr.read() == "workloads: startup: stopped\n"
    assert job.returncode == 130
    for pid in seen.read_text().split():
        gone = Path("/proc") / pid
        for _ in range(100):
            if not gone.exists():
                break
            time.sleep(0.05)
        assert not gone.exists()


def test_no_process_left_is_69_and_one_line(monkeypatch, capsys):
    def refuse(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("workloads.startup.program.os.posix_spawn", refuse)
    assert main(["startup", "--case", "pass", "--impl", "spawn-many", "--workers", "9"]) == 69
    said = capsys.readouterr().err
    assert said == (
        "workloads: startup: no process can be started (Resource temporarily unavailable)\n"
    )


def test_a_script_gets_its_words_and_its_output_is_thrown_away(tmp_path, capfd):
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


def test_the_kernels_account_of_a_child_is_what_it_has_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100_000)
    command = [sys.executable, "-I", "-S", "-c"]
    base = program.run([*command, "f = open"])
    if base.bytes_read is None:
        pytest.skip("this kernel keeps no account of bytes")
    ended = program.run([*command, f"f = open({str(path)!r}, 'rb', 0); f.read(100_000)"])
    assert ended.bytes_read - base.bytes_read == 100_000
    assert ended.read_calls - base.read_calls == 1


def test_as_many_are_started_at_once_as_asked_for(tmp_path, capsys):
    report = tmp_path / "s.json"
    options = ["--impl", "spawn-many", "--case", "pass", "--scale", "1,3", "--json", str(report)]
    assert main(["startup", *options]) == 0
    results = json.loads(report.read_text())["results"]
    assert [(r["workers"], r["work"]) for r in results] == [(1, 1), (3, 3)]
    assert "at once" in capsys.readouterr().out


def test_imports_are_read_with_their_depth():
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
    seen = {"bytes_moved": 10, "accounted": 10, "processes": 0}  # noqa: RUF012

    def test_the_kernels_account_is_the_judge(self):
        assert traced._compare(self.seen) == "bytes read as the kernel accounts them"
        wrong = traced._compare({**self.seen, "accounted": 11})
        assert wrong == "WRONG: 10 bytes read, 11 by the kernel's account"

    def test_without_one_nothing_is_claimed(self):
        assert "no account" in traced._compare({**self.seen, "accounted": None})
        assert "not compared" in traced._compare({**self.seen, "processes": 2})

    def test_a_tracer_that_fails_is_an_error(self, monkeypatch):
        class Failed:
            stdout, stderr, returncode = "", "Traceback\nMemoryError\n", 1

        monkeypatch.setattr(traced.subprocess, "run", lambda *_, **__: Failed)
        with pytest.raises(WorkloadError, match="exit code 1: MemoryError"):
            traced.compute(CASES["pass"], _NoTrial())
        Failed.stdout = '{"error": "the kernel refuses ptrace (why)"}'
        with pytest.raises(UnavailableError, match="refuses"):
            traced.compute(CASES["pass"], _NoTrial())


class TestOverview:
    def test_what_was_not_measured_has_no_column(self):
        details = {"wall": 0.010, "cpu": 0.008, "bytes_read": None, "starts": 1}
        spawn = Result("spawn", "pass", [0.01], work=1, ok=True, verdict="ended with 0")
        spawn.details = [details, {**details, "wall": 0.030}, {**details, "wall": 0.020}]
        shown = Overview().table([spawn])
        assert "20.0" in shown.splitlines()[2], "the median"
        assert "–" in shown.splitlines()[2], "no account"
        assert "path calls" not in shown
        assert "ended with 0" in shown


class _NoTrial:
    def clock(self):
        import contextlib

        return contextlib.nullcontext()


def _wish(*words):
    import argparse

    parser = argparse.ArgumentParser()
    STARTUP.add_options(parser.add_argument_group())
    return parser.parse_args(words)
