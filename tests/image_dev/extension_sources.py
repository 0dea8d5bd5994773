"""What the talks' students compile: loops over a row of an array, and over pairs for pi.

Each in the language of its kind of extension module.
"""

# A row: of each number its double, and one more; a sum would not tell one's place.
CYTHON_ROW = """
# cython: language_level=3, boundscheck=False
cimport numpy as np
import numpy as np

np.import_array()

def row(np.ndarray[np.float64_t] numbers):
    cdef np.ndarray[np.float64_t] made = np.empty_like(numbers)
    cdef int at
    for at in range(numbers.size):
        made[at] = 2 * numbers[at] + 1
    return made
"""
SETUP_ROW = """
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

module = Extension("row_cython", ["row_cython.pyx"], include_dirs=[numpy.get_include()])
setup(name="row", ext_modules=cythonize([module]))
"""
FORTRAN_ROW = """
subroutine row(numbers, made, width)
    integer, intent(in) :: width
    real(8), intent(in) :: numbers(width)
    real(8), intent(out) :: made(width)
    made = 2 * numbers + 1
end subroutine
"""
PYBIND_ROW = """
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

static pybind11::array_t<double> row(pybind11::array_t<double> numbers) {
    pybind11::array_t<double> made(numbers.size());
    auto read = numbers.unchecked<1>();
    auto write = made.mutable_unchecked<1>();
    for (int at = 0; at < numbers.size(); at++)
        write(at) = 2 * read(at) + 1;
    return made;
}

PYBIND11_MODULE(row_pybind, module) { module.def("row", &row); }
"""

# Pairs: how many of `pairs` pseudo-random points are in the quarter of a circle.
C_PAIRS = """
#include <stdint.h>
static long pairs_inside(long pairs, uint64_t seed) {
    long inside = 0;
    for (long n = 0; n < pairs; n++) {
        double at[2];
        for (int k = 0; k < 2; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            at[k] = (seed >> 11) / 9007199254740992.0;
        }
        inside += at[0] * at[0] + at[1] * at[1] <= 1.0;
    }
    return inside;
}
"""
MODULE_PAIRS = f"""
#define PY_SSIZE_T_CLEAN
#include <Python.h>
{C_PAIRS}
static PyObject *inside(PyObject *self, PyObject *args) {{
    long pairs;
    unsigned long long seed;
    if (!PyArg_ParseTuple(args, "lK", &pairs, &seed)) return NULL;
    return PyLong_FromLong(pairs_inside(pairs, seed));
}}
static PyMethodDef methods[] = {{{{"inside", inside, METH_VARARGS, NULL}}, {{NULL}}}};
static PyModuleDef module = {{PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods}};
PyMODINIT_FUNC PyInit_NAME(void) {{ return PyModule_Create(&module); }}
"""
CFFI_PAIRS = f"""
import cffi

builder = cffi.FFI()
builder.cdef("long pairs_inside(long pairs, uint64_t seed);")
builder.set_source("pairs_cffi", '''{C_PAIRS}''')
builder.compile()
"""
MAGIC_PAIRS = """
def inside(long pairs, unsigned long long seed):
    cdef long found = 0, n
    cdef double x, y
    for n in range(pairs):
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL
        x = (seed >> 11) / 9007199254740992.0
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL
        y = (seed >> 11) / 9007199254740992.0
        found += x * x + y * y <= 1.0
    return found
"""
MAGIC_CELL = f"""
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "Cython")
shell.run_cell_magic("cython", "-n pairs_magic", '''{MAGIC_PAIRS}''')
assert shell.user_ns["inside"](100, 1) > 60
"""

# The ranks' sum, by MPI's own function with mpi4py's communicator.
CYTHON_SUM = """
# cython: language_level=3
from mpi4py cimport MPI
from mpi4py cimport libmpi

def total(MPI.Comm communicator, long own):
    cdef long found = 0
    cdef int failed = libmpi.MPI_Allreduce(
        &own, &found, 1, libmpi.MPI_LONG, libmpi.MPI_SUM, communicator.ob_mpi)
    assert failed == 0
    return found
"""
SETUP_SUM = """
import mpi4py
from Cython.Build import cythonize
from setuptools import Extension, setup

module = Extension("sum_mpi", ["sum_mpi.pyx"], include_dirs=[mpi4py.get_include()])
setup(name="sum", ext_modules=cythonize([module]))
"""
C_SUM = """
#include <mpi.h>
#include <stdio.h>
int main(int count, char **words) {
    int rank, total;
    MPI_Init(&count, &words);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    rank += 1;
    MPI_Reduce(&rank, &total, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 1) printf("%d\\n", total);
    return MPI_Finalize();
}
"""
