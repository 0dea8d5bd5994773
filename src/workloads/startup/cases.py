"""What is started: from a bare interpreter to the image's core, or what you name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Invocation:
    """One way to call the interpreter.

    Parameters
    ----------
    name
        For tables.
    arguments
        What follows the interpreter's name.
    needs
        Modules that must be there.
    """

    name: str
    arguments: Sequence[str]
    needs: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        """What is started: this interpreter."""
        return [sys.executable, *self.arguments]

    def absent(self) -> str:
        """Return the module that is not there, or an empty string."""
        # The parent alone: a submodule's would have to be imported.
        tops = (name.partition(".")[0] for name in self.needs)
        return next((name for name in tops if importlib.util.find_spec(name) is None), "")


def importing(name: str, modules: Sequence[str], code: str = "") -> Invocation:
    """Return a case that imports modules and does no more."""
    return Invocation(name, ["-c", code or f"import {', '.join(modules)}"], tuple(modules))


# As `hpcpy bench startup` has them, so that its figures can be compared.
_CORE = ("numpy", "numba", "mpi4py", "h5py", "viztracer")
# MPI's library is loaded; MPI_Init would look for a launcher.
_MPI = f"import {', '.join(_CORE)}; mpi4py.rc.initialize = False; import mpi4py.MPI"
CASES = {
    case.name: case
    for case in (
        Invocation("pass", ["-c", "pass"]),
        importing("numpy", ["numpy"]),
        importing("core", _CORE),
        importing("core+MPI", _CORE, _MPI),
    )
}
