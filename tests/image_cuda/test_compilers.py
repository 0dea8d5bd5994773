"""CuPy's and numba's kernels become machine code without a toolkit, a driver or a GPU."""

from typing import Any

import pytest
from cuda.core import Linker, LinkerOptions, ObjectCode
from cupy._core import core
from cupy.cuda import compiler
from numba import cuda, types
from nvidia import ARCHITECTURES

from workloads.heat.numba_gpu import kernel as heat_kernel
from workloads.linalg.numba_gpu import add_one
from workloads.mandel import cupy_, numba_gpu

ELF = b"\x7fELF"
FLOATS, INTEGERS = types.float64[::1], types.int32[:, ::1]
PLATE = types.float64[:, ::1]
# CuPy's headers for each kind of number, and those of CUB and libcu++.
HEADERS = {
    "numbers": """
#include <cupy/complex.cuh>
#include <cupy/float16.cuh>
#include <cupy/bfloat16.cuh>
extern "C" __global__ void f(complex<double> *x, float16 *y, bfloat16 *z)
{
    x[0] = exp(x[0]);
    y[0] += float16(1.f);
    z[0] = bfloat16(1.f);
}
""",
    "cub": """
#include <cub/block/block_reduce.cuh>
extern "C" __global__ void f(double *x)
{
    using Reduce = cub::BlockReduce<double, 128>;
    __shared__ typename Reduce::TempStorage shared;
    const double sum = Reduce(shared).Sum(x[threadIdx.x]);
    if (threadIdx.x == 0)
        x[0] = sum;
}
""",
    "libcu++": """
#include <cuda_runtime.h>
#include <cuda/std/complex>
#include <cuda/atomic>
extern "C" __global__ void f(double *x) { x[0] = cuda::std::complex<double>(x[1], 2).real(); }
""",
}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what compiles a source with CuPy; loading the result would take a driver."""
    codes: list[tuple[str, bytes]] = []

    class Program(compiler._NVRTCProgram):  # type: ignore[misc]
        def compile(self, *arguments: Any, **options: Any) -> Any:
            result = super().compile(*arguments, **options)
            codes.append((self.method, result[0]))
            return result

    monkeypatch.setattr(compiler, "_NVRTCProgram", Program)
    monkeypatch.setenv("CUPY_CACHE_IN_MEMORY", "1")

    def run(source: str, options: tuple[str, ...], arch: str, method: str = "cubin") -> bytes:
        kind = "sm" if method == "cubin" else "compute"
        chosen = (f"-arch={kind}_{arch}", method)
        monkeypatch.setattr(compiler, "_get_arch", lambda: arch)
        monkeypatch.setattr(compiler, "_get_arch_for_options_for_nvrtc", lambda _=None: chosen)
        codes.clear()
        # The error comes when CuPy passes the code to the driver.
        with pytest.raises(Exception, match="cudaErrorInsufficientDriver"):
            core.compile_with_cache(source, options, prepend_cupy_headers=False)
        used, code = codes[-1]
        assert used == method
        return code

    return run


def short(architecture: tuple[int, int]) -> str:
    return "".join(map(str, architecture))


def test_nvrtc_compiles_cupys_row(compiled: Any) -> None:
    for architecture in ARCHITECTURES:
        assert compiled(cupy_.CUDA, cupy_.OPTIONS, short(architecture)).startswith(ELF)


@pytest.mark.parametrize("headers", HEADERS)
def test_nvrtc_finds_the_headers(headers: str, compiled: Any) -> None:
    assert compiled(HEADERS[headers], ("-std=c++17",), "90").startswith(ELF)


def test_cupys_row_fuses_no_multiply_and_add(compiled: Any) -> None:
    source = cupy_.CUDA
    ptx = compiled(source, cupy_.OPTIONS, "90", "ptx")
    assert b"mul.rn.f64" in ptx or b"mul.f64" in ptx
    assert b"fma.rn.f64" not in ptx
    # The option is what does it: without it there is one.
    assert b"fma.rn.f64" in compiled(source, (), "90", "ptx")


KERNELS = {
    "mandel": (numba_gpu.kernel, types.void(FLOATS, FLOATS, types.int64, INTEGERS)),
    "addone": (add_one, types.void(FLOATS)),
    "heat": (heat_kernel, types.void(PLATE, PLATE, types.int64)),
}


def ptx_of(kernel: str, architecture: tuple[int, int]) -> bytes:
    dispatcher, signature = KERNELS[kernel]
    options = {"cc": architecture, "device": False, "abi": "numba", "output": "ptx"}
    text, _ = cuda.compile(dispatcher.py_func, signature, **options)
    return text.encode() if isinstance(text, str) else bytes(text)


@pytest.mark.parametrize("name", KERNELS)
def test_nvvm_compiles_and_nvjitlink_links_numbas_rows(name: str) -> None:
    for architecture in ARCHITECTURES:
        ptx = ptx_of(name, architecture)
        assert f".target sm_{short(architecture)}".encode() in ptx
        assert b".visible .entry" in ptx
        options = LinkerOptions(arch=f"sm_{short(architecture)}")
        linked = Linker(ObjectCode.from_ptx(ptx), options=options).link("cubin")
        assert bytes(linked.code).startswith(ELF)


def test_numbas_mandelbrot_rounds_its_products() -> None:
    assert ptx_of("mandel", (9, 0)).count(b"mul.rn.f64") == 3
