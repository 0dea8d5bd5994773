"""Who opens an h5py module's file gets the HDF5 functions that are in the executable."""

import ctypes
from pathlib import Path

import h5py

from running import run

MODULES = (h5py.h5, h5py.h5d, h5py.h5p, h5py.h5t, h5py.h5z)


def test_every_module_names_the_same_file_which_is_no_module() -> None:
    (file,) = {module.__file__ for module in MODULES}
    assert file is not None
    assert Path(file).is_file()
    # Names and addresses, and not a second HDF5.
    assert Path(file).stat().st_size < 300_000


def test_functions_are_this_hdf5s() -> None:
    library = ctypes.CDLL(h5py.h5z.__file__)
    numbers = [ctypes.c_uint() for _ in range(3)]
    assert library.H5get_libversion(*map(ctypes.byref, numbers)) == 0
    assert tuple(number.value for number in numbers) == h5py.version.hdf5_version_tuple[:3]
    # Its state, too: a filter that h5py has registered.
    assert library.H5Zfilter_avail(32000) == h5py.h5z.filter_avail(32000) == 1


def test_variables_are_this_hdf5s() -> None:
    library = ctypes.CDLL(h5py.h5t.__file__)
    native = ctypes.c_int64.in_dll(library, "H5T_NATIVE_DOUBLE_g").value
    assert native == h5py.h5t.NATIVE_DOUBLE.id


def test_another_program_cannot_open_it() -> None:
    done = run("/bin/true", env={"LD_PRELOAD": str(h5py.h5z.__file__)})
    assert done.returncode != 0
    assert "undefined symbol: _PyHpcpy_hdf5" in done.stderr
