"""Kernels that `hpcpy_warmup` has kept are not compiled on a GPU, and give the same answer.

Only in hpcpy-cuda: a machine's own Python has no `hpcpy_warmup`, and PyPI's numba-cuda 0.30
fails with NumPy 2.5 where it reads its cache, for which the image has a patch.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

from running import printed, python

# Prints the answer, and how often CuPy and numba-cuda compiled.
PROGRAM = """
import warnings
warnings.simplefilter("ignore")  # four numbers keep no GPU busy
import cupy
from cupy.cuda import compiler
from numba import cuda

doubled = cupy.RawKernel(
    'extern "C" __global__ void doubled(double *x) { x[threadIdx.x] *= 2; }', "doubled"
)

@cuda.jit("void(float64[:], float64)", cache=True)
def added(x, number):
    i = cuda.grid(1)
    if i < x.size:
        x[i] += number

def main():
    compiled = []
    class Program(compiler._NVRTCProgram):
        def compile(self, *arguments, **options):
            compiled.append(self.name) if self.name.endswith(".cubin.cu") else None
            return super().compile(*arguments, **options)
    compiler._NVRTCProgram = Program
    x = cupy.asarray([1.0, 2.0, 3.0, 4.0])
    doubled((1,), (4,), (x,))
    added[1, 4](x, 1.0)
    print(x.tolist(), len(compiled), len(added.stats.cache_misses))

if __name__ == "__main__":
    main()
"""
ANSWER = "[3.0, 5.0, 7.0, 9.0]"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    if not list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("no CUDA device: run with --nv on a GPU node")
    spec = importlib.util.find_spec("hpcpy_warmup") and importlib.util.find_spec("numba_cuda")
    if spec is None or not str(spec.origin).startswith(sys.base_prefix):
        pytest.skip("no hpcpy_warmup or no numba-cuda of the image: make test-gpu in hpcpy-cuda")
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_kept_kernels_are_not_compiled(program: Path, tmp_path: Path) -> None:
    node = {"TMPDIR": str(tmp_path), "HPCPY_KERNELS": ""}
    printed(python("-m", "hpcpy_warmup", "--to", tmp_path / "kept", program, **node))
    told = printed(python(program, **{**node, "HPCPY_KERNELS": str(tmp_path / "kept")}))
    assert told == f"{ANSWER} 0 0\n"
