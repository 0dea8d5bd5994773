"""``python -m hpcpy_mpi 4 my.py``: ranks on this machine, by this Python's own MPICH.

It needs no MPI of the host's.  After the number stands what follows ``python -m mpi4py``;
options in place of a number are for mpiexec: ``python -m hpcpy_mpi -n 4 python my.py``.
"""

from __future__ import annotations

import os
import sys

from _hpcpy_importer import finder

_USAGE = "usage: python -m hpcpy_mpi RANKS my.py …, RANKS -m MODULE …, or mpiexec's -n RANKS …"
_FOLDER = "/opt/mpich"
# On this machine, also within a job of Slurm's.
_LOCAL = ("-rmk", "user", "-launcher", "fork", "-hosts", "localhost")


def programs() -> tuple[str, str]:
    """Return the paths of mpiexec and of the library that its ranks open."""
    mpiexec, library = f"{_FOLDER}/bin/mpiexec.hydra", f"{_FOLDER}/lib/libmpi.so.12"
    if not finder().bundle.files:
        return mpiexec, library
    from _hpcpy_files import place  # noqa: PLC0415

    # Each needs the file beside it.
    proxy, fabric = f"{_FOLDER}/bin/hydra_pmi_proxy", f"{_FOLDER}/lib/libfabric.so.1"
    root = place(_FOLDER, [mpiexec, proxy, library, fabric])
    return root + mpiexec, root + library


def main(words: list[str]) -> int:
    """Become mpiexec; return why not."""
    is_number = bool(words) and words[0].isdigit() and int(words[0]) > 0
    is_option = bool(words) and words[0][:1] == "-" and words[0].lstrip("-")[:1].isalpha()
    if len(words) < 2 or not (is_number or is_option):
        print(_USAGE, file=sys.stderr)
        return 2
    # Each rank would print a traceback.  Options of mpi4py's may have words of their own.
    if is_number and not words[1].startswith("-") and not os.access(words[1], os.R_OK):
        print(f"hpcpy: {words[1]}: there is no such file, or it is closed to you", file=sys.stderr)
        return 2
    try:
        mpiexec, library = programs()
    except OSError as error:
        print(f"hpcpy: {error}", file=sys.stderr)
        return 69
    # Whatever MPI the host has: the ranks need that of their mpiexec.
    os.environ["HPCPY_MPI"] = library
    if is_number:
        ranks, *program = words
        words = ["-n", ranks, sys.executable, "-m", "mpi4py", *program]
    return os.execv(mpiexec, [mpiexec, *_LOCAL, *words])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
