"""The MPI library is found at the first import, and any of its ABI does."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from running import Done, printed, run

OWN = Path("/opt/mpich/lib/libmpi.so.12")
# Without MPI_Init, for which there may be no launcher.
LOAD = "import mpi4py; mpi4py.rc.initialize = False; import mpi4py.MPI\n"
WHICH = "print({x.split()[-1] for x in open('/proc/self/maps') if 'libmpi' in x})\n"
FOLDER = WHICH.replace("[-1]", "[-1].rpartition('/')[0]")


def start(*command: str, **variables: str) -> Done:
    return run(*command, env={**os.environ, **variables})


def python(*arguments: str, **variables: str) -> str:
    return printed(start(sys.executable, *arguments, **variables))


def ranks(count: int, program: str, *arguments: str) -> list[str]:
    shown = printed(start("mpiexec", "-n", str(count), sys.executable, "-c", program, *arguments))
    return sorted(shown.splitlines())


def fails(code: str, *before: str, **variables: str) -> str:
    done = start(*before, sys.executable, "-c", code, **variables)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_rank_without_a_launcher_is_alone() -> None:
    said = python("-c", "from mpi4py import MPI; print(MPI.COMM_WORLD.size, MPI.Get_version())")
    assert said == "1 (4, 0)\n"


def test_nobody_has_sent_what_comes_from_beside_the_grid() -> None:
    # It was rank 0, in Irecv alone.
    code = "from mpi4py import MPI\nstatus = MPI.Status()\nnull = MPI.PROC_NULL\n"
    for how in ("Irecv(b, null).Wait(status)", "Irecv(b, null).Test(status)"):
        code += f"b = bytearray(8)\nMPI.COMM_WORLD.{how}\n"
        code += "print(status.source == null, status.tag == MPI.ANY_TAG, status.count)\n"
    assert python("-c", code) == "True True 0\n" * 2


def test_a_persistent_collective_ends_after_the_edge_of_a_grid() -> None:
    # It took a request's memory for its own, whose rank was MPI_PROC_NULL.
    code = "from mpi4py import MPI\nimport numpy as np\n"
    code += "world, null, status = MPI.COMM_WORLD, MPI.PROC_NULL, MPI.Status()\n"
    code += "one, two = np.ones(1), np.zeros(1)\n"
    code += "for made in world.Send_init(one, null), world.Recv_init(two, null):\n"
    code += "    made.Start(); made.Wait(status); made.Start(); made.Wait(status); made.Free()\n"
    code += "print(status.source == null)\nmade = world.Allreduce_init(one, two)\n"
    code += "made.Start(); made.Wait(); made.Free(); print(two[0])\n"
    done = start("timeout", "300", "mpiexec", "-n", "2", sys.executable, "-c", code)
    assert sorted(printed(done).split()) == ["2.0", "2.0", "True", "True"]


def test_the_loaders_cache_is_asked_and_no_folder_searched() -> None:
    done = start(sys.executable, "-c", LOAD, LD_DEBUG="libs", LD_LIBRARY_PATH="/nonexistent")
    assert "find library=libmpi.so.12" not in done.stderr
    assert f"calling init: {OWN}" in done.stderr


def test_verbose_says_by_what_ranks_reach_each_other() -> None:
    words = ("-n", "2", sys.executable, "-c", "from mpi4py import MPI")
    said = start("mpiexec", *words, HPCPY_VERBOSE="1").stderr
    assert said.startswith(f"hpcpy: MPI is {OWN}")
    assert re.search(r"libfabric 1\.\d+ \(/usr/lib/", said)
    assert said.endswith(", network: tcp, shared memory\n")


def test_a_preloaded_library_of_another_soname_is_the_only_one(tmp_path: Path) -> None:
    # Its functions would win, and MPI_UNWEIGHTED be the other library's.
    other = tmp_path / "libsite.so.12"
    content = OWN.read_bytes()
    assert b"\0libmpi.so.12\0" in content
    other.write_bytes(content.replace(b"\0libmpi.so.12\0", b"\0libsite.so.1\0"))
    code = (
        "from mpi4py import MPI\n"
        "graph = MPI.COMM_WORLD.Create_dist_graph_adjacent([0], [0])\n"
        "print(graph.Get_dist_neighbors_count())\n"
        "print({x.split()[-1] for x in open('/proc/self/maps') if '/libmpi' in x})\n"
    )
    assert python("-c", code, LD_PRELOAD=str(other)) == "(1, 1, False)\nset()\n"


def test_a_forked_child_may_be_the_first_to_import_it() -> None:
    program = (
        "import os\n"
        "if os.fork() == 0:\n"
        "    from mpi4py import MPI; print(MPI.COMM_WORLD.size, flush=True)\n"
        "else:\n"
        "    os.wait()"
    )
    assert python("-c", program) == "1\n"


def test_a_subinterpreter_is_refused_and_does_no_harm() -> None:
    program = (
        "import concurrent.interpreters as i\n"
        "s = i.create()\n"
        "try:\n"
        "    s.exec('import mpi4py.MPI')\n"
        "except i.ExecutionFailed as error:\n"
        "    print(error.excinfo.type.__name__)\n"
        "s.close()\n"
        "from mpi4py import MPI; print(MPI.COMM_WORLD.size)"
    )
    assert python("-c", program) == "ImportError\n1\n"


# Which library.

# A launcher that speaks PMIx names both.
PMIX = {"PMIX_RANK": "0", "PMIX_NAMESPACE": "prterun-1"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(OWN, tmp_path / OWN.name))


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "/opt/mpich/lib"),
        (PMIX, "/opt/mpich/pmix/lib"),
        # A rank's number that a script has by itself.
        ({"PMIX_RANK": "0"}, "/opt/mpich/lib"),
        # An mpiexec below srun --mpi=pmix.
        ({**PMIX, "PMI_FD": "9"}, "/opt/mpich/lib"),
        ({**PMIX, "HPCPY_MPI": str(OWN)}, "/opt/mpich/lib"),
        ({**PMIX, "HPCPY_MPI": "mpich"}, "/opt/mpich/pmix/lib"),
        # A site's wins over the image's own, and a file that is named over all.
        ({"LD_LIBRARY_PATH": "{site}"}, "{site}"),
        ({"LD_LIBRARY_PATH": "{site}", "HPCPY_MPI": "mpich"}, "{site}"),
        ({"LD_LIBRARY_PATH": "/opt/mpich/lib", "HPCPY_MPI": "{site}/libmpi.so.12"}, "{site}"),
    ],
)
def test_a_library_is_the_sites_or_speaks_what_the_launcher_does(
    variables: dict[str, str], folder: str, copy: Path
) -> None:
    given = {name: value.format(site=copy.parent) for name, value in variables.items()}
    assert python("-c", LOAD + FOLDER, **given) == f"{{'{folder.format(site=copy.parent)}'}}\n"


def test_without_a_library_the_import_says_where_it_was_looked_for() -> None:
    loader = next(Path("/").glob("lib*/ld-linux-*.so.*"))
    # What only the loader can read is left to it; it is told to forget its cache.
    path = "/x:/y/$PLATFORM"
    said = fails("import mpi4py.MPI", str(loader), "--inhibit-cache", LD_LIBRARY_PATH=path)
    assert said.startswith("ImportError: mpi4py.MPI: no MPI library loads: libmpi")
    for name in ("libmpi.so.12", "libmpi.so.40", "libmpi_abi.so.1"):
        assert f"{name}: cannot open" in said
    for place in ("/x", "/y", "/etc/ld.so.cache", "/usr/lib", "LD_LIBRARY_PATH", "HPCPY_MPI"):
        assert place in said


# What is asked for, and what the last line says; `site` has a copy and a broken library.
NAMED = "ImportError: mpi4py.MPI: HPCPY_MPI names "
REFUSED = [
    ({"LD_LIBRARY_PATH": "{site}/broken"}, ("invalid ELF header",)),
    # By its name alone.
    ({"HPCPY_MPI": "openmpi"}, ("loads for HPCPY_MPI=openmpi:", "libmpi.so.40: cannot open")),
    ({"HPCPY_MPI": "abi", "LD_LIBRARY_PATH": "{site}"}, ("libmpi_abi.so.1 has MPICH's ABI",)),
    ({"HPCPY_MPI": "/x/libmpi.so.12"}, (f"{NAMED}/x/libmpi.so.12, which cannot", "cannot open")),
    ({"HPCPY_MPI": "libm.so.6"}, (f"{NAMED}libm.so.6, which cannot", "it has no MPI_Init")),
]


@pytest.mark.parametrize(("variables", "says"), REFUSED)
def test_a_library_that_cannot_be_taken_is_refused_by_name(
    variables: dict[str, str], says: tuple[str, ...], copy: Path
) -> None:
    site = copy.parent
    copy.rename(site / "libmpi_abi.so.1")
    (site / "broken").mkdir()
    (site / "broken" / OWN.name).write_text("no library\n" * 100)
    given = {name: value.format(site=site) for name, value in variables.items()}
    said = fails("import mpi4py.MPI", **given)
    assert [part for part in says if part not in said] == []
    assert variables.get("HPCPY_MPI") != "openmpi" or "libmpi.so.12" not in said


# HDF5.


def test_hdf5_without_mpi_never_loads_it(tmp_path: Path) -> None:
    program = (
        "import h5py, sys\n"
        "with h5py.File(sys.argv[1], 'w') as f:\n"
        "    f['x'] = range(9)\n"
        "with h5py.File(sys.argv[1]) as f:\n"
        "    print(sum(f['x']), h5py.get_config().mpi)\n"
    )
    said = python("-c", program + WHICH, str(tmp_path / "a.h5"))
    assert said == "36 True\nset()\n"


def test_asking_hdf5_for_mpis_driver_loads_mpi(tmp_path: Path) -> None:
    program = "import h5py, sys; h5py.File(sys.argv[1], 'w', driver='mpio', comm=None)"
    done = start(sys.executable, "-c", program, str(tmp_path / "a.h5"))
    assert "hpcpy: MPI_" not in done.stderr
    assert done.returncode == 1


EXCHANGE = """
from mpi4py import MPI
import numpy as np
comm = MPI.COMM_WORLD
there, here = np.full(1_000_000, comm.rank), np.empty(1_000_000, int)
comm.Sendrecv(there, 1 - comm.rank, recvbuf=here, source=1 - comm.rank)
print((here == 1 - comm.rank).all(), flush=True)
"""


@pytest.mark.parametrize("provider", ["tcp", "sockets"])
def test_ranks_of_two_nodes_work_together(provider: str) -> None:
    # With MPICH's own set of providers `tcp` hung.
    launcher = ("mpiexec", "-n", "2", "-genv", "MPIR_CVAR_NOLOCAL", "1")
    done = start(*launcher, "-genv", "FI_PROVIDER", provider, "python3", "-c", EXCHANGE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")
