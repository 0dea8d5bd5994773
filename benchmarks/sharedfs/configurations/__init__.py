"""The ways to have Python on a shared file system, a file each.

Another one is a file here and a line in `CONFIGURATIONS`.
"""

from __future__ import annotations

from sharedfs.configurations import (
    broadcast,
    conda,
    plain_files,
    podman_hpc,
    sif,
    squash,
    staged,
    venv,
)
from sharedfs.configurations.configuration import Around, Configuration, Files, Images

__all__ = ["CONFIGURATIONS", "Around", "Configuration", "Files", "Images"]

# In the order of the table: what users have first.
CONFIGURATIONS: dict[str, Configuration] = {
    one.name: one
    for one in (
        venv.VENV,
        broadcast.BROADCAST,
        conda.CONDA,
        conda.CONDA_NOT_COMPILED,
        staged.TREE,
        plain_files.PLAIN_FILES,
        *sif.of("wheels", "the ordinary packages"),
        *sif.of("hpcpy", "the static image"),
        staged.of("hpcpy", "the static image"),
        squash.SQUASH,
        podman_hpc.PODMAN_HPC,
    )
}
