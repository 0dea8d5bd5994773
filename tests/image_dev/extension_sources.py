"""What the talks' students compile: a row of the Mandelbrot set, and pairs for pi.

Each in the language of its kind of extension module.
"""

# A row: the iterations of `width` points from `left` to `right` at the height `y`.
CYTHON_ROW = """
# cython: language_level=3, boundscheck=False
cimport numpy as np
import numpy as np

np.import_array()

def row(double left, double right, double y, int width, int most):
    cdef np.ndarray[np.int32_t] counts = np.zeros(width, dtype=np.int32)
    cdef double re, im, x, square
    cdef int at, n
    for at in range(width):
        x = left + (right - left) * at / width
        re = im = 0.0
        n = 0
        while n < most and re * re + im * im <= 4.0:
            square = re * re - im * im + x
            im = 2.0 * re * im + y
            re = square
            n += 1
        counts[at] = n
    return counts
"""
SETUP_ROW = """
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

module = Extension("row_cython", ["row_cython.pyx"], include_dirs=[numpy.get_include()])
setup(name="row", ext_modules=cythonize([module]))
"""
FORTRAN_ROW = """
subroutine row(left, right, y, most, counts, width)
    integer, intent(in) :: width, most
    real(8), intent(in) :: left, right, y
    integer, intent(out) :: counts(width)
    real(8) :: re, im, x, square
    integer :: at, n
    do at = 1, width
        x = left + (right - left) * (at - 1) / width
        re = 0
        im = 0
        n = 0
        do while (n < most .and. re * re + im * im <= 4d0)
            square = re * re - im * im + x
            im = 2 * re * im + y
            re = square
            n = n + 1
        end do
        counts(at) = n
    end do
end subroutine
"""
PYBIND_ROW = """
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

static pybind11::array_t<int> row(double left, double right, double y, int width, int most) {
    pybind11::array_t<int> counts(width);
    auto write = counts.mutable_unchecked<1>();
    for (int at = 0; at < width; at++) {
        double x = left + (right - left) * at / width, re = 0, im = 0;
        int n = 0;
        for (; n < most && re * re + im * im <= 4; n++) {
            double square = re * re - im * im + x;
            im = 2 * re * im + y;
            re = square;
        }
        write(at) = n;
    }
    return counts;
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
