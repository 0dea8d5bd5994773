"""`hpcpy_warmup --cuda` compiles users' kernels for GPUs that are elsewhere."""

from __future__ import annotations

from pathlib import Path

import _hpcpy_kernel_files
from running import python

PROGRAM = """
import cupy
from numba import cuda

doubled = cupy.RawKernel(
    'extern "C" __global__ void doubled(double *x) { x[threadIdx.x] *= 2; }', "doubled"
)
ones = cupy.RawModule(
    code="template<typename T> __global__ void ones(T *x) { x[threadIdx.x] = 1; }",
    options=("-std=c++17",),
    name_expressions=("ones<float>", "ones<double>"),
)

@cuda.jit("void(float64[:], float64)", cache=True)
def scaled(x, factor):
    i = cuda.grid(1)
    if i < x.size:
        x[i] *= factor

if __name__ == "__main__":
    cupy.arange(8)
"""
# Prints each compilation; it takes the place of a job's rank on a GPU.
RANK = """
import sys
import _hpcpy_cubins
from cupy.cuda import compiler
compile_one = compiler._NVRTCProgram.compile
class Program(compiler._NVRTCProgram):
    def compile(self, *arguments, **options):
        if self.name.endswith(".cubin.cu"):
            print("compiled", self.name)
        return super().compile(*arguments, **options)
compiler._NVRTCProgram = Program
_hpcpy_cubins.compile_for(sys.argv[1], sys.argv[2])
import numba.cuda
print(sum(len(x._cache_misses) for x in __import__("gc").get_objects()
    if type(x).__name__ == "CUDADispatcher"), "of numba-cuda")
"""


def test_kernels_are_kept_for_each_architecture(tmp_path: Path) -> None:
    program, rank, folder = tmp_path / "program.py", tmp_path / "rank.py", tmp_path / "kept"
    program.write_text(PROGRAM)
    rank.write_text(RANK)
    words = ["--to", folder, "--cuda=sm_80", "--cuda=sm_90", program]
    done = python("-m", "hpcpy_warmup", *words)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "cupy: 4 kernels",
        "numba.cuda: 2 kernels",
    ]
    found = _hpcpy_kernel_files.read(str(folder / "cupy.bin"))
    assert all(b"\x7fELF" in data for path, data in found.items() if path.endswith(".cubin"))
    node = {"HPCPY_KERNELS": str(folder), "TMPDIR": str(tmp_path)}
    for architecture in ("sm_80", "sm_90"):
        done = python(rank, architecture, program, **node)
        assert (done.stdout, done.stderr) == ("0 of numba-cuda\n", "")
    done = python(rank, "sm_86", program, **node)
    assert done.stdout.count("compiled") == 2
    assert done.stdout.endswith("1 of numba-cuda\n")
    assert "lacks 2 kernels of cupy" in done.stderr
