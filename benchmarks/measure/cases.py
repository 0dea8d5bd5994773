"""What is started: from a bare interpreter to everything in the image."""

from dataclasses import dataclass
from pathlib import Path

_MEMORY = """
for name in ("smaps_rollup", "status"):
    print(open(f"/proc/self/{name}").read())"""


@dataclass(frozen=True)
class Goal:
    """The most calls that a start may make in the static interpreter."""

    path_calls: int
    off_node: int
    getdents: int


@dataclass(frozen=True)
class Case:
    """One program: its name in tables, its code, as a script file or by ``-c``.

    `make test` holds it to its goal, counted inside `apptainer exec`.
    """

    name: str
    code: str
    script: bool = False
    goal: Goal | None = None

    def arguments(self, folder: Path, *, memory: bool = False) -> list[str]:
        """Return what follows the interpreter's name; `folder` is that of `write_scripts`.

        For its `memory` it prints at its end what /proc says.
        """
        if self.script:
            return [str(folder / self.file(memory=memory))]
        return ["-c", self.code + _MEMORY * memory]

    def file(self, *, memory: bool = False) -> str:
        """Return the name of its script."""
        return f"{self.name.replace(' ', '-')}{'-memory' * memory}.py"


CORE = "import numpy, numba, mpi4py, h5py, viztracer"
_QUIET = "mpi4py.rc.initialize = False"
# One that the image has the machine code of, and one of the user's.
_KERNEL = "from workloads.mandel.numba_ import escape_time"
_CACHED = """\
import numpy, numba, mpi4py, h5py, viztracer
@numba.njit(cache=True)
def total(values):
    s = 0.0
    for value in values:
        s += value * value
    return s
total(numpy.ones(1000))"""
_COMPILED = _CACHED.replace("(cache=True)", "")
_ALL = (
    f"{CORE}, mpi4py.MPI, line_profiler, cupy, pyopencl, dask, distributed, ipyparallel, "
    "matplotlib.pyplot, tqdm, threadpoolctl"
)
CASES = (
    Case("pass", "pass", goal=Goal(8, 1, 0)),
    Case("numpy", "import numpy", goal=Goal(10, 2, 0)),
    Case("core", CORE, goal=Goal(16, 4, 0)),
    Case("core script", CORE, script=True, goal=Goal(26, 12, 2)),
    Case("core + kernel", f"{CORE}; {_KERNEL}; escape_time(0.3, 0.5, 100)", goal=Goal(25, 5, 0)),
    # A first run fills the user's cache.  As for any script, its folder is listed once, and
    # asked for its time at each import of a package: eight calls.
    Case("core + cached call", _CACHED, script=True, goal=Goal(36, 20, 2)),
    Case("core + compiled call", _COMPILED, goal=Goal(36, 12, 2)),
    # MPI's library is loaded; what MPI_Init looks up in /sys is the machine's.
    Case("core + MPI", f"{CORE}; {_QUIET}; import mpi4py.MPI", goal=Goal(21, 7, 0)),
    # Of 27 calls 8 are of MPI_Init: more where a machine has more of the devices it looks at.
    Case("core + MPI_Init", f"{CORE}, mpi4py.MPI", goal=Goal(32, 8, 2)),
    # MPI and psutil look at the machine, in /sys and /proc: some 10 calls more elsewhere.
    Case("everything", _ALL, goal=Goal(220, 160, 6)),
)
# What a measurement at the NIH imported; `bake.py` and the tests add it to the image.
# Of the calls 150 open a module or a library, 29 are the loader's searches for libraries,
# 10 are of matplotlib's folder on the node, and 8 bokeh's, which resolves the path of one of
# its modules (docs/how-to/own-packages.md).
EIGHT = Case(
    "eight",
    "import numpy, scipy, pandas, sqlite3, Bio, matplotlib, seaborn, bokeh",
    goal=Goal(223, 201, 0),
)


def write_scripts(folder: Path) -> None:
    """Write the scripts of all cases."""
    for case in CASES:
        if case.script:
            for memory in (False, True):
                text = f"{case.code}{_MEMORY * memory}\n"
                (folder / case.file(memory=memory)).write_text(text)
