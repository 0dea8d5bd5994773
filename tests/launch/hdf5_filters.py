"""Write and read a file for each of hdf5plugin's filters, as in anybody's notebook.

Run by a Python that has numpy, h5py and hdf5plugin: `write FOLDER` makes the files,
`read FOLDER` prints the SHA-256 of what is read of each, and how far it is from what
was written.
"""

import hashlib
import json
import sys
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

# Smooth, so that the filters which are allowed to lose digits have little to lose.
WAVES = np.sin(np.linspace(0, 20, 64 * 64)).reshape(64, 64)
IMAGE = ((WAVES + 1) * 100).astype(np.uint8)
# The filter's options and what it can take; all others take doubles as they are.
OPTIONS = {
    "fcidecomp": ({}, IMAGE),
    "htj2k": ({}, IMAGE),
    "sperr": ({"absolute": 1e-6}, WAVES),
    "sz": ({"absolute": 1e-6}, WAVES),
    "sz3": ({"absolute": 1e-6}, WAVES),
    "zfp": ({"accuracy": 1e-6}, WAVES),
}


def main() -> None:
    command, folder = sys.argv[1], Path(sys.argv[2])
    found = {}
    for make in hdf5plugin.get_filters():
        name = make.filter_name
        options, values = OPTIONS.get(name, ({}, WAVES))
        path = folder / f"{name}.h5"
        if command == "write":
            with h5py.File(path, "w") as file:
                file.create_dataset("values", data=values, chunks=(32, 64), **make(**options))
        else:
            with h5py.File(path) as file:
                read = file["values"][()]
                filters = list(file["values"]._filters)
            digest = hashlib.sha256(read.tobytes()).hexdigest()
            away = float(np.abs(read.astype(float) - values).max())
            found[name] = [digest, away, filters]
    print(json.dumps({"found": found, "h5py": h5py.h5.__file__}))


main()
