"""Four packages and three HDF5s in one process: each reads what the others wrote.

`FOLDER NAME …` imports the packages in that order.
"""

import importlib
import sys
import warnings
from pathlib import Path

import numpy as np

folder, names = Path(sys.argv[1]), sys.argv[2:]
loaded = {name: importlib.import_module(name) for name in names}
h5py, hdf5plugin, netcdf4, tables, h5netcdf = (
    loaded[name] for name in ("h5py", "hdf5plugin", "netCDF4", "tables", "h5netcdf")
)
# netCDF's attributes have types that PyTables leaves out, and says so.
warnings.simplefilter("ignore", tables.exceptions.DataTypeWarning)
VALUES = np.arange(6000.0).reshape(60, 100)

with h5py.File(folder / "h5py.h5", "w") as file:
    file.create_dataset("values", data=VALUES, compression="gzip")
with h5py.File(folder / "blosc.h5", "w") as file:
    file.create_dataset("values", data=VALUES, **hdf5plugin.Blosc())
with netcdf4.Dataset(folder / "netcdf4.h5", "w") as file:
    file.createDimension("x", 60)
    file.createDimension("y", 100)
    file.createVariable("values", "f8", ("x", "y"), zlib=True)[:] = VALUES
with tables.open_file(str(folder / "tables.h5"), "w") as file:
    file.create_carray("/", "values", obj=VALUES, filters=tables.Filters(5, "blosc"))
with h5netcdf.File(folder / "h5netcdf.h5", "w") as file:
    file.dimensions = {"x": 60, "y": 100}
    file.create_variable("values", ("x", "y"), data=VALUES)

for path in sorted(folder.glob("*.h5")):
    with h5py.File(path) as file:
        assert np.array_equal(file["values"][()], VALUES), path
    with tables.open_file(str(path)) as file:
        assert np.array_equal(file.root.values[:], VALUES), path
for name in ("h5py", "h5netcdf", "netcdf4"):
    with netcdf4.Dataset(folder / f"{name}.h5") as file:
        assert np.array_equal(file.variables["values"][:], VALUES), name

maps = Path("/proc/self/maps").read_text().split()
print(*sorted({Path(word).name for word in maps if "libhdf5" in word}))
