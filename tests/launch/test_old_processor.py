"""Nothing above x86-64-v2 runs on a processor that has nothing above it."""

import platform
import signal

import pytest

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from running import Done, run

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="levels of x86-64; run it on such a machine"
)
SIF = paths.BUILD / "hpcpy.sif"
# The host's emulator and its libraries, apart from the image's own.
HOST = "/host"
LIBRARIES = f"{HOST}/lib/x86_64-linux-gnu"

USES = {
    "the interpreter's own modules": """
import ctypes, hashlib, sqlite3, ssl, uuid, zlib, lzma, bz2, decimal, math, random, json, pickle
from compression import zstd
print(zstd.decompress(zstd.compress(zlib.decompress(zlib.compress(b"right")))).decode())
hashlib.sha512(b"x" * 4096).hexdigest(); hashlib.blake2b(b"x" * 4096).hexdigest()
sqlite3.connect(":memory:").execute("select randomblob(1000)").fetchall()
""",
    "numpy and BLAS": """
import numpy as np
a = np.random.default_rng(1).random((200, 200))
assert np.allclose(np.linalg.inv(a) @ a, np.eye(200))
np.sort(a.ravel()); np.sin(a).sum(); np.fft.fft(a); np.argsort(a.astype("f4"), axis=0)
(a.astype(complex) @ a).sum(); np.linalg.eigh(a @ a.T); np.linalg.svd(a)
print("right")
""",
    "compiled functions and kernels": """
import numba
@numba.njit
def total(n):
    s = 0.0
    for i in range(n):
        s += i * 0.5
    return s
assert total(1000) == 249750.0
import numpy as np
from workloads.mandel import _kernels_simd
from workloads.pi._kernels_cython import count
out = np.empty((1, 2), "i4")
_kernels_simd.fill(np.array([0.0, 1.0]), np.zeros(1), 80, out)
assert out.tolist() == [[79, 2]], out
assert count(np.random.Philox(key=2022), 1000) == 797
print("right")
""",
}


def emulated(processor: str, *command: str) -> Done:
    engine = ensure("apptainer", "emulator")
    emulator = [f"{LIBRARIES}/ld-linux-x86-64.so.2", "--library-path", LIBRARIES]
    return run(
        *(str(engine["apptainer"].path), "exec", "--cleanenv", "--contain", "--no-home", "--pwd=/"),
        *(f"--bind=/usr:{HOST}:ro", str(SIF), *emulator),
        *(f"{HOST}/bin/{engine['qemu-x86_64'].path.name}", "-cpu", processor, *command),
    )


@pytest.mark.parametrize("use", USES)
def test_a_nehalem_of_2008_runs(use: str) -> None:
    done = emulated("Nehalem", "/opt/hpcpy/bin/python3", "-c", USES[use])
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "right\n")


def test_emulator_refuses_what_the_processor_lacks() -> None:
    # Or the tests above would prove nothing: vaddpd %ymm0, %ymm0, %ymm0; ret
    program = (
        "import ctypes, mmap; code = mmap.mmap(-1, 4096, prot=7); code.write(bytes.fromhex("
        "'c5fd58c0c3')); at = ctypes.addressof(ctypes.c_char.from_buffer(code));"
        "ctypes.CFUNCTYPE(None)(at)()"
    )
    codes = [
        emulated(processor, "/opt/hpcpy/bin/python3", "-c", program).returncode
        for processor in ("Nehalem", "max")
    ]
    # As a shell tells it, or as the kernel does.
    assert codes[0] in (128 + signal.SIGILL, -signal.SIGILL)
    assert codes[1] == 0
