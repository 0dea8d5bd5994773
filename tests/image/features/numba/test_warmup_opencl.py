"""No rank compiles the OpenCL kernels that `python -m hpcpy_warmup` has kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needed import needs
from numba_programs import script
from test_warmup import HERE, warm_up

from running import launcher, run

pytestmark = needs("pyopencl")
# An answer is printed by each rank.  A group's size is given: PoCL chooses one by the
# number of cores, and compiles for it.
PROGRAM = """
import numpy as np, pyopencl as cl
context = cl.Context(cl.get_platforms()[0].get_devices()[:1])
queue = cl.CommandQueue(context)
built = cl.Program(context, '''
    __kernel void scaled(__global float *x) { x[get_global_id(0)] *= 2; }
    __kernel void added(__global float *x) { x[get_global_id(0)] += 1; }
''').build()
x = np.arange(64, dtype=np.float32)
there = cl.Buffer(context, cl.mem_flags.COPY_HOST_PTR, hostbuf=x)
built.scaled(queue, x.shape, (16,), there)
built.added(queue, x.shape, (16,), there)
cl.enqueue_copy(queue, x, there)
print(x.sum())
"""
ANSWER = "4096.0\n"
LACKS = "hpcpy: {} lacks {} of pyopencl, compiled just now; python -m hpcpy_warmup keeps it\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = Path(script(tmp_path / "code", PROGRAM))
    path.chmod(0o644)
    return path


@pytest.fixture
def kept(program: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    done = warm_up("--to", folder, f"--level={HERE}", program)
    size = (folder / "pyopencl.bin").stat().st_size
    says = f"{ANSWER}pyopencl: 2 kernels, {size:,} bytes in {folder}/pyopencl.bin\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, says, "")
    (folder / "pyopencl.bin").chmod(0o444)
    folder.chmod(0o555)
    return folder


def ran(
    program: Path, node: Path, kept: Path, ranks: int = 1, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the program where nothing has been cached by another test."""
    node.mkdir(exist_ok=True)
    variables = {**os.environ, "TMPDIR": str(node), "HPCPY_KERNELS": str(kept), **more}
    variables.pop("POCL_CACHE_DIR", None) if "POCL_CACHE_DIR" not in more else None
    words = (
        [*launcher(ranks), sys.executable, str(program)]
        if ranks > 1
        else [sys.executable, str(program)]
    )
    return run(*words, env=variables)


def compiled(node: Path) -> dict[Path, int]:
    """Each compiled kernel of a node, with what changes when it is compiled again."""
    return {path: path.stat().st_ino for path in node.rglob("*.so")}


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_ranks_compile_nothing(program: Path, kept: Path, tmp_path: Path) -> None:
    node = tmp_path / "node"
    done = ran(program, node, kept, ranks=4)
    assert told(done) == (0, ANSWER * 4, "")
    # Those of ranks that were not the first have gone.
    assert len(list(node.glob("hpcpy-*/pyopencl-*"))) == 1
    unpacked = compiled(node)
    assert len(unpacked) == 2
    assert told(ran(program, node, kept, ranks=4)) == (0, ANSWER * 4, "")
    assert compiled(node) == unpacked


@pytest.mark.long
def test_a_changed_source_is_compiled_and_says_so(
    program: Path, kept: Path, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    program.write_text(program.read_text().replace("+= 1", "+= 2"))
    says = LACKS.format(kept, "2 kernels")
    assert told(ran(program, node, kept)) == (0, "4160.0\n", says)
    # Nothing is compiled again on this node.
    assert told(ran(program, node, kept)) == (0, "4160.0\n", "")
    done = ran(program, tmp_path / "another", kept, ranks=3)
    assert (done.returncode, done.stderr.count("lacks")) == (0, 1)
