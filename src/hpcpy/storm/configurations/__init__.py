"""The ways to have Python on a shared file system, a file each.

Another one is a file here and a line in `CONFIGURATIONS`.
"""

from __future__ import annotations

from hpcpy.storm.configurations import conda, plain_files, sif, venv
from hpcpy.storm.configurations.configuration import Configuration, Files, Images

__all__ = ["CONFIGURATIONS", "Configuration", "Files", "Images"]

# In the order of the table: what users have first.
CONFIGURATIONS: dict[str, Configuration] = {
    one.name: one
    for one in (
        venv.VENV,
        conda.CONDA,
        conda.CONDA_NOT_COMPILED,
        plain_files.PLAIN_FILES,
        *sif.of("wheels", "the ordinary packages"),
        *sif.of("hpcpy", "the static image"),
    )
}
