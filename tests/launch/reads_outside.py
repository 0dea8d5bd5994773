"""Read what the workload `write` has made, as in anybody's notebook.

Run by a Python that has numpy and h5py of PyPI and nothing of this project:
`python reads_outside.py FOLDER` prints of each technique's folder the arrays'
shape, and the SHA-256 of their doubles.
"""

import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np


def arrays(folder: Path) -> np.ndarray:
    names = sorted(path.name for path in folder.iterdir())
    if names == ["arrays.h5"]:
        with h5py.File(folder / "arrays.h5") as file:
            if "arrays" not in file:
                return np.stack([file[key][()] for key in sorted(file)])
            dataset = file["arrays"]
            assert dataset.chunks == (1, *dataset.shape[1:])
            # One array by itself, too.
            assert np.array_equal(dataset[-1], dataset[()][-1])
            return dataset[()]
    if names == ["arrays.raw"]:
        # Nothing in it says how many: square ones of a side that is given.
        side = int(sys.argv[2])
        return np.fromfile(folder / "arrays.raw").reshape(-1, side, side)
    read = np.loadtxt if names[0].endswith(".txt") else np.load
    return np.stack([read(folder / name) for name in names])


def main() -> None:
    found = {}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        values = arrays(folder)
        assert values.dtype == np.float64
        assert values.dtype.isnative
        found[folder.name] = [values.shape, hashlib.sha256(values.tobytes()).hexdigest()]
    packages = {module.__name__: [module.__version__, module.__file__] for module in (np, h5py)}
    print(json.dumps({"found": found, "packages": packages, "mpi": h5py.get_config().mpi}))


main()
