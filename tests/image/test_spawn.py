"""A program may spawn MPI processes, also when it was started alone, without mpiexec."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from running import Done, executable, printed, python, run

POOL = """
from mpi4py.futures import MPIPoolExecutor
def square(x):
    return x * x
if __name__ == "__main__":
    for _ in range(2):
        with MPIPoolExecutor(2) as pool:
            print(sum(pool.map(square, range(10))), flush=True)
"""
SPAWN = """
import sys
from mpi4py import MPI
parent, size = MPI.Comm.Get_parent(), MPI.COMM_WORLD.size
if parent != MPI.COMM_NULL:
    parent.gather((size, sys.argv[1:]), root=0)
    parent.Disconnect()
else:
    mine = [sys.executable, sys.executable]
    for children in (
        MPI.COMM_SELF.Spawn(sys.executable, [__file__, "a b"], 2),
        MPI.COMM_SELF.Spawn_multiple(mine, [[__file__, "x"], [__file__, "y"]], [1, 2]),
    ):
        print(children.gather(None, root=MPI.ROOT))
        children.Disconnect()
    print(sys.stdin.read())
"""
CRASH = """
import os
from mpi4py.futures import MPIPoolExecutor
if __name__ == "__main__":
    with MPIPoolExecutor(2) as pool:
        pool.submit(os.abort).result()
"""
ALONE: list[str] = []
# Without a network the host's name, by which Hydra reaches itself, resolves nowhere.
BELOW = ["mpiexec", "-localhost", "localhost", "-n", "1"]


def ended(program: str, tmp_path: Path, *before: str, **variables: str) -> Done:
    script = tmp_path / "program.py"
    script.write_text(program)
    environ = {**os.environ, **variables}
    # Far more than it takes: it waited for ever.
    words = [*before, sys.executable, str(script)]
    return run(*words, env=environ, input="its stdin", timeout=120)


@pytest.mark.parametrize("before", [ALONE, BELOW], ids=["alone", "below mpiexec"])
def test_a_pool_of_mpi_processes_works_twice(before: list[str], tmp_path: Path) -> None:
    done = ended(POOL, tmp_path, *before)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["285", "285"], "")


@pytest.mark.parametrize("before", [ALONE, BELOW], ids=["alone", "below mpiexec"])
def test_a_program_spawns_and_keeps_its_stdin(before: list[str], tmp_path: Path) -> None:
    shown = printed(ended(SPAWN, tmp_path, *before))
    assert shown.splitlines() == [
        "[(2, ['a b']), (2, ['a b'])]",
        "[(3, ['x']), (3, ['y']), (3, ['y'])]",
        "its stdin",
    ]


@pytest.mark.parametrize("before", [ALONE, BELOW], ids=["alone", "below mpiexec"])
def test_a_spawned_process_that_crashes_ends_the_program(before: list[str], tmp_path: Path) -> None:
    done = ended(CRASH, tmp_path, *before)
    assert done.returncode != 0
    assert "BAD TERMINATION" in done.stdout, done


def test_another_mpis_mpiexec_first_in_path_is_not_started(tmp_path: Path) -> None:
    other = executable(tmp_path / "bin/mpiexec", "#!/bin/sh\nexec sleep 1000\n")
    for path in (f"{other.parent}:{os.environ['PATH']}", "/nowhere"):
        assert printed(ended(SPAWN, tmp_path, PATH=path)).endswith("\nits stdin\n")


def test_without_its_mpiexec_spawning_raises_an_exception_and_says_why(tmp_path: Path) -> None:
    asks = "from mpi4py import MPI; print(open('/proc/self/maps').read())"
    (library,) = set(re.findall(r"/\S*/libmpi\.so\S*", printed(python("-c", asks))))
    alone = shutil.copy(library, tmp_path)
    # The one file has libfabric beside it.
    beside = str(Path(library).parent)
    done = ended(SPAWN, tmp_path, HPCPY_MPI=str(alone), LD_LIBRARY_PATH=beside)
    assert done.returncode == 1
    assert done.stderr.count("/bin/mpiexec.hydra is missing, or it has failed; start") == 1
    assert "mpi4py.MPI.Exception: " in done.stderr
