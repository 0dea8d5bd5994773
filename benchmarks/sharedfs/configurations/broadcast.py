"""Rank 0 imports a venv's modules, and sends them to the others over MPI."""

from __future__ import annotations

import dataclasses

from hpcpy import paths
from sharedfs.configurations import tree, venv
from sharedfs.configurations.configuration import Files, Images

_HOOK = paths.ROOT / "benchmarks/sharedfs/broadcast/mpi_import.py"
# A folder of the tree in which no other program looks for modules.
_FOLDER = "broadcast"
# Under a launcher that MPI does not know, each rank is rank 0 of 1: it sends nothing and
# waits for nobody.
ALL_RANKS = """\
if MPI.COMM_WORLD.size != int(os.environ["SLURM_NTASKS"]):
    raise SystemExit("MPI sees one rank in each process: it needs another srun --mpi")"""
_IMPORTS = f"""\
import sys
sys.path.insert(0, "{tree.PLACE / _FOLDER}")
from mpi_import import MPI, together
del sys.path[0]
{ALL_RANKS}
with together():
    {{}}"""


def files(images: Images) -> list[Files]:
    """Return the environment's files, and the hook beside them."""
    return [*venv.files(images), hook(f"{venv.VENV.folder}/{_FOLDER}")]


def hook(folder: str) -> Files:
    """Return the hook as a file of a folder there."""
    return Files(_HOOK, f"{folder}/{_HOOK.name}")


BROADCAST = dataclasses.replace(
    venv.VENV,
    name="venv-broadcast",
    title="the same venv, its modules sent by rank 0 over MPI",
    files=files,
    imports=_IMPORTS,
)
