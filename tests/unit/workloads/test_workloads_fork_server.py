"""Workers of one fork server, which imports what they need once."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import running
from hpcpy.core import paths

# `needed` writes a line at each import: the lines say how often it is imported.
NEEDED = """\
import os
from pathlib import Path
with Path(__file__).with_name("imports").open("a") as stream:
    print(os.getpid(), file=stream)
"""
PROGRAM = """\
import contextlib, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, get_context
from pathlib import Path
from hpcpy_common.errors import UnavailableError
from workloads.parallel.guard import guarded

FOLDER = Path(__file__).parent

def act(task):
    import needed
    with (FOLDER / "workers").open("a") as stream:
        print(os.getppid(), file=stream)
    return task + 1

@contextlib.contextmanager
def pool(workers):
    context = get_context("forkserver")
    with guarded(context, workers, "needed") as guard:
        with ProcessPoolExecutor(workers, context, initializer=guard) as pool:
            guard.wait(pool)
            yield [*pool.map(act, range(workers))]

def commands():
    file = Path(f"/proc/self/task/{os.getpid()}/children")
    found = [Path(f"/proc/{one}/cmdline").read_text() for one in file.read_text().split()]
    return [one for one in found if "resource_tracker" not in one]

def children():
    # A tracker that was forked just now has not yet a command line of its own.
    end = time.monotonic() + 300
    while commands() and time.monotonic() < end:
        time.sleep(0.05)
    return commands()

"""
ONCE = """\
    with pool(3) as answers:
        assert answers == [1, 2, 3]
    assert children() == []
"""


def started(folder: Path, main: str, needed: str = NEEDED) -> subprocess.Popen[str]:
    (folder / "needed.py").write_text(needed)
    script = folder / "program.py"
    script.write_text(f"{PROGRAM}if __name__ == '__main__':\n{main}    print('done')\n")
    # On Python 3.11 a fork server finds only what this variable names.
    env = {**os.environ, "PYTHONPATH": f"{paths.ROOT / 'src'}:{folder}"}
    return running.start(sys.executable, script, env=env, start_new_session=True)


def run(folder: Path, main: str, needed: str = NEEDED) -> tuple[int, str, str]:
    with started(folder, main, needed) as process:
        try:
            out, err = process.communicate(timeout=300)
        finally:
            # Otherwise workers that wait for each other would stay.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, err


def test_one_server_imports_for_all_workers_and_ends_with_them(tmp_path: Path) -> None:
    assert run(tmp_path, ONCE) == (0, "done\n", "")
    (server,) = (tmp_path / "imports").read_text().split()
    assert (tmp_path / "workers").read_text().split() == [server] * 3


NOWHERE = "forkserver.connection.arbitrary_address = lambda _: open('/nowhere')"
SAYS = "no fork server starts ([Errno 2] No such file or directory: '/nowhere'); set TMPDIR to"
WITHOUT = """\
    {setup}
    try:
        with pool(3):
            pass
    except UnavailableError as error:
        print(error)
    assert children() == []
"""


@pytest.mark.parametrize(
    ("setup", "needed", "says"),
    [
        (NOWHERE, NEEDED, f"{SAYS} another folder"),
        ("", "import os\nos._exit(3)\n", "the import of a module ended the fork server"),
    ],
)
def test_without_a_server_one_line_says_why(
    tmp_path: Path, setup: str, needed: str, says: str
) -> None:
    main = WITHOUT.format(setup=setup)
    assert run(tmp_path, main, needed) == (0, f"{says}\ndone\n", "")
