"""What a start costs: the command, and the calls of a program as strace writes them."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import environment, python, runs, start

from hpcpy_common.errors import UnavailableError
from hpcpy_job.__main__ import main as job
from running import last_words, printed, run, wait_until
from workloads.__main__ import main
from workloads.startup import strace
from workloads.startup.calls import KINDS, Call, is_node_local, summary
from workloads.startup.registry import TECHNIQUES
from workloads.startup.techniques import follow

# Before the command; a process that is traced already cannot be traced again.
TRACED = ("strace", "-f", "-o", os.devnull, "-e", "trace=none")
UNABLE = "where ptrace is allowed"
NO_STRACE = "no strace on PATH: install it, or count in the image"
COUNTS = "startup --case pass --impl strace"


@pytest.mark.parametrize(
    ("before", "words", "path", "says"),
    [
        ((), "startup --import json,no_such.part", None, "Python has no module 'no_such'"),
        ((), "forecast --import json", "/nonexistent", NO_STRACE),
        (TRACED, COUNTS, None, UNABLE),
    ],
)
def test_what_cannot_be_counted_is_69_and_one_line(
    before: tuple[str, ...], words: str, path: str | None, says: str
) -> None:
    if before and not shutil.which(before[0]):
        pytest.skip("no strace here; run: make setup TOOLS=measure")
    package = "hpcpy_job" if words.startswith("forecast") else "workloads"
    env = environment(**({} if path is None else {"PATH": path}))
    done = run(*before, sys.executable, "-m", package, *words.split(), env=env)
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done.stderr
    assert says in done.stderr


def test_a_module_of_the_users_own_folder_is_there_for_a_start(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("open('told', 'w').close()")
    words = [sys.executable, "-m", "workloads", "startup", "--import", "mine", "--impl", "spawn"]
    assert "mine" in printed(run(*words, cwd=tmp_path, env=environment()))
    assert (tmp_path / "told").exists()


def test_a_failing_program_exits_1_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import sys\nprint('first', file=sys.stderr)\nsys.exit('last words')\n")
    for words in (["forecast"], *(["startup", "--impl", name] for name in TECHNIQUES)):
        assert (job if words == ["forecast"] else main)([*words, "--", str(script)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.endswith("bad.py: ended with exit code 1: last words\n")
    assert list(tmp_path.iterdir()) == [script], "nothing was probed"


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_program_gets_the_variables_of_the_start_not_later_ones(
    technique: Any, tmp_path: Path
) -> None:
    script = tmp_path / "env.py"
    script.write_text(
        "import os\n"
        "assert os.environ['GIVEN'] == 'ü=1' and os.environ['EMPTY'] == ''\n"
        "assert 'LATER' not in os.environ, 'set by the workload itself'\n"
    )
    code = (
        "import os, sys; from workloads.__main__ import main\n"
        "os.environ['LATER'] = '1'; sys.exit(main(sys.argv[1:]))"
    )
    words = ["startup", "--impl", technique, "--", script]
    printed(python("-c", code, *words, GIVEN="ü=1", EMPTY=""))


BASE = "import os"


def calls_of(code: str) -> tuple[list[Call], dict[str, int]]:
    """Return the calls of a program that imports nothing by itself."""
    try:
        return follow([sys.executable, "-I", "-S", "-c", code])
    except UnavailableError as error:
        pytest.skip(str(error))


def more(code: str) -> Any:
    """Return how much more a program does than one that does nothing."""
    (base, _), (found, started) = calls_of(BASE), calls_of(f"{BASE}\n{code}")
    less, much = summary(base), summary(found)
    kinds = {kind: much["kinds"][kind] - less["kinds"][kind] for kind in KINDS}
    rest = {key: much[key] - less[key] for key in much if key != "kinds"}
    return {key: value for key, value in {**started, **rest, **kinds}.items() if value}


def test_every_kind_is_counted() -> None:
    code = (
        "for call in (os.stat, os.readlink, os.rmdir, os.mkdir, lambda p: os.open(p, 0)):\n"
        "    try: call('/nonexistent/x')\n"
        "    except OSError: pass\n"
        "os.access('/proc/none', os.R_OK)\n"
    )
    found = more(code)
    one_each = {"open": 1, "stat": 1, "access": 1, "readlink": 1, "other": 2}
    assert one_each.items() <= found.items()
    # /proc is node-local, and nothing was opened.
    assert (found["path_calls"], found["off_node"], found.get("opens", 0)) == (6, 5, 0)


def test_paths_are_absolute_and_any_text(tmp_path: Path) -> None:
    # A child begins where its parent is; the target of a link is not looked up.
    name = 'ü \\ " <0>\n'
    (tmp_path / name).mkdir()
    code = (
        f"import os; os.chdir({str(tmp_path)!r}); os.symlink('/etc/none', 'link')\n"
        f"os.chdir({name!r}); os.access('a', 0); os.getcwd()\n"
        "f = os.open('.', 0); os.access('b', 0, dir_fd=f); os.stat(f); os.listdir(f)\n"
        "if not os.fork():\n"
        "    os.access('c', 0); os.chdir('/'); os.access('d', 0); os._exit(0)\n"
        "os.wait(); import threading as t\n"
        "one = t.Thread(target=os.access, args=('e', 0)); one.start(); one.join()\n"
    )
    calls, started = calls_of(code)
    assert started == {"processes": 1, "threads": 1}
    folder = tmp_path / name
    accessed = {call.path for call in calls if call.kind == "access"}
    assert {*(str(folder / one) for one in "abce"), "/d"} <= accessed
    assert [call.path for call in calls if call.name == "symlink"] == [str(tmp_path / "link")]
    assert str(folder) in {call.path for call in calls if call.kind == "getdents"}
    assert not [call for call in calls if call.name in ("getcwd", "fchdir")]


@pytest.mark.usefixtures("strace")
def test_a_program_counts_once_a_thread_of_another_one_executes_it(tmp_path: Path) -> None:
    # As Go's programs do, Apptainer among them: the thread takes its process's number.
    program = tmp_path / "python"
    program.symlink_to(sys.executable)
    own = [str(program), "-I", "-S", "-c", "import os; os.access('/nonexistent/own', 0)"]
    code = (
        "import os, sys, threading\n"
        "os.access('/nonexistent/before', 0)\n"
        "threading.Thread(target=os.execv, args=(sys.argv[1], sys.argv[1:])).start()\n"
    )
    logs = tmp_path / "logs"
    logs.mkdir()
    done = run("strace", *strace.options(str(logs)), sys.executable, "-c", code, *own)
    if done.returncode:
        pytest.skip(done.stderr)
    calls, started = strace.read(logs, str(program))
    assert (calls[0].name, calls[0].path) == ("execve", str(program))
    assert [call.path for call in calls if "nonexistent" in call.path] == ["/nonexistent/own"]
    assert started == {"processes": 0, "threads": 0}
    assert strace.read(logs, "/nonexistent/python")[0] == []


# Sleeps where it is traced: it is run once before.
SLEEPS = """
import os, pathlib, sys, time
if "TracerPid:\\t0\\n" not in open("/proc/self/status").read():
    pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()}\\n")
    time.sleep(600)
"""


def test_a_count_that_is_stopped_leaves_no_process(tmp_path: Path) -> None:
    calls_of("")
    script, told = tmp_path / "sleeps.py", tmp_path / "told"
    script.write_text(SLEEPS)
    code = "import sys; from workloads.__main__ import entry; sys.exit(entry())"
    job = start(code, "startup", "--impl", "strace", "--", script, told)
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"), job)
    job.terminate()
    assert last_words(job) == "workloads: startup: stopped\n"
    wait_until(lambda: not runs(int(told.read_text())))


NODE_LOCAL = (
    *("/etc/ld.so.cache", "/proc/self/maps", "/dev/shm/x"),  # noqa: S108
    *("/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/locale/C.utf8/LC_CTYPE"),
)
OFF_NODE = (
    *("/opt/mpich/lib/libmpi.so.12", "/.singularity.d/libs/libc.so.6", "/etcetera"),
    *("/usr/lib/python3/dist-packages/numpy", "/usr/lib/../share/x", "/home/me/lib/x"),
)


@pytest.mark.parametrize("path", NODE_LOCAL + OFF_NODE)
def test_what_every_node_has_is_node_local_and_all_else_is_not(path: str) -> None:
    assert is_node_local(path) == (path in NODE_LOCAL)
