"""The exercises; adding one is a hole, a judge, and an entry here."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from workloads.errors import UnavailableError, UsageError

_HERE = "workloads.exercise."


@dataclass(frozen=True)
class Exercise:
    """A task for a class.

    Parameters
    ----------
    summary
        One line.
    hole
        The module whose text the class is given.
    judge
        Module and name of a function, which takes the student's function and the ranks'
        communicator or None.
    function
        The function that the student's file must have.
    needs
        Modules that must be there.
    ranks
        The numbers of MPI ranks that it is checked on; empty for a plain process.
    """

    summary: str
    hole: str
    judge: tuple[str, str]
    function: str = "compute"
    needs: tuple[str, ...] = ("numpy",)
    ranks: tuple[int, ...] = ()

    def text(self) -> str:
        """Return the file with the hole."""
        spec = importlib.util.find_spec(self.hole)
        assert spec is not None  # noqa: S101  (the registry names what there is)
        assert spec.origin is not None  # noqa: S101
        return Path(spec.origin).read_text(encoding="utf-8")

    def check_needs(self) -> None:
        """Refuse an exercise that cannot be checked here.

        Raises
        ------
        UnavailableError
            When a module is not there.
        """
        for module in self.needs:
            if importlib.util.find_spec(module) is None:
                raise UnavailableError(f"cannot run here: Python has no module {module!r}")


EXERCISES = {
    "mandel-numba": Exercise(
        "the inner loop of the Mandelbrot set, for Numba to compile",
        _HERE + "holes.mandel_numba",
        (_HERE + "judges.mandel", "whole"),
        needs=("numpy", "numba"),
    ),
    "mandel-mpi": Exercise(
        "rows dealt out in turn to MPI ranks, and gathered; checked on 1 and 4 ranks",
        _HERE + "holes.mandel_mpi",
        (_HERE + "judges.mandel", "cyclic"),
        needs=("numpy", "mpi4py"),
        ranks=(1, 4),
    ),
    "pi-processes": Exercise(
        "points counted by three processes, each of them once",
        _HERE + "holes.pi_processes",
        (_HERE + "judges.pi", "shared"),
    ),
    "write-hdf5": Exercise(
        "many arrays in one dataset of one HDF5 file, a chunk each",
        _HERE + "holes.write_hdf5",
        (_HERE + "judges.write", "dataset"),
        function="write",
        needs=("numpy", "h5py"),
    ),
    "linalg-batch": Exercise(
        "small products in batches, as many in a call as memory holds",
        _HERE + "holes.linalg_batch",
        (_HERE + "judges.linalg", "batched"),
    ),
}


def exercise(name: str) -> Exercise:
    """Return an exercise.

    Raises
    ------
    UsageError
        When there is none of this name.
    """
    if name not in EXERCISES:
        raise UsageError(f"no exercise {name!r}", hint=f"one of: {', '.join(EXERCISES)}")
    return EXERCISES[name]
