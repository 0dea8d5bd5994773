"""pi's kernel in CUDA C counts right, compiled for the CPU with a C++ thread for each of CUDA's."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from hpcpy import paths

# CUDA's built-ins, made of C++ threads; blocks run one after another.
CUDA = """
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>
struct dim3 { unsigned x; };
static dim3 gridDim, blockDim, blockIdx;
static thread_local dim3 threadIdx;
static std::barrier<> *all_threads;
#define __global__
#define __shared__ static
static void __syncthreads() { all_threads->arrive_and_wait(); }
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned __int128)a * b >> 64;
}
template <class To, class What> static void atomicAdd(To *to, What what)
{
    __atomic_fetch_add(to, what, __ATOMIC_SEQ_CST);
}
"""
MAIN = """
int main(int, char **argument)
{
    const word pairs = strtoull(argument[1], 0, 10), key = strtoull(argument[2], 0, 10);
    word hits = 0;
    gridDim.x = 5, blockDim.x = 4;
    std::barrier here(blockDim.x);
    all_threads = &here;
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
        std::vector<std::thread> threads;
        for (unsigned k = 0; k < blockDim.x; k++)
            threads.emplace_back([&, k] { threadIdx.x = k; count(pairs, key, &hits); });
        for (auto &one : threads)
            one.join();
    }
    printf("%llu", hits);
}
"""


def source(module: str) -> str:
    """Return a technique's ``_SOURCE``; importing it would import CuPy."""
    tree = ast.parse((paths.ROOT / f"src/workloads/{module}.py").read_text())
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_SOURCE"
    ]
    text = ast.literal_eval(values[0])
    assert isinstance(text, str)
    return text


def defined(pairs: int, key: int) -> int:
    """Return the hits by Philox 4×64 with 10 rounds (Salmon et al., SC11), two pairs a block."""
    hits = 0
    for block in range((pairs + 1) // 2):
        words, keys = [block + 1, 0, 0, 0], [key, 0]
        for _ in range(10):
            low, high = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
            words = [high >> 64 ^ words[1] ^ keys[0], high, low >> 64 ^ words[3] ^ keys[1], low]
            words = [word % 2**64 for word in words]
            keys = [keys[0] + 0x9E3779B97F4A7C15, keys[1] + 0xBB67AE8584CAA73B]
            keys = [one % 2**64 for one in keys]
        x, y, u, v = (float(word >> 11) for word in words)
        hits += x * x + y * y < 2.0**106
        hits += u * u + v * v < 2.0**106 and 2 * block + 1 < pairs
    return hits


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("g++")
    if not compiler:
        pytest.skip("no C++ compiler here; run: apt-get install g++")
    folder = tmp_path_factory.mktemp("cuda")
    (folder / "count.cpp").write_text(CUDA + source("pi/techniques/cuda_cupy") + MAIN)
    options = ["-std=c++20", "-O2", "-ffp-contract=off", "-pthread"]
    subprocess.run(
        [compiler, *options, "-o", folder / "count", folder / "count.cpp"],
        check=True,
        capture_output=True,
        text=True,
    )
    return folder / "count"


@pytest.mark.parametrize("seed", [7, 2022, 2**64 - 1])
@pytest.mark.parametrize("pairs", [1, 2, 39, 40, 41, 10_007])
def test_the_cuda_kernel_counts_what_the_definition_says(
    program: Path, pairs: int, seed: int
) -> None:
    hits = subprocess.run(
        [program, str(pairs), str(seed)], capture_output=True, text=True, check=True
    ).stdout
    assert int(hits) == defined(pairs, seed)
