"""A GPU's memory in a message of an MPI that cannot read it: one line, no segmentation fault.

The driver here is a few lines of C: it calls what begins at an odd address a GPU's.
"""

import shutil
from pathlib import Path

import pytest
from mpi_libraries import NEEDS
from own_venv import in_image

from running import run

DRIVER = """
int cuPointerGetAttribute(unsigned *value, int attribute, unsigned long address)
{
    int kind = address & 3;  /* 0 the host's, 1 a GPU's, 2 both read it, 3 the driver has failed */
    *value = attribute == 2 ? 2 - !kind : kind == 2;
    return kind == 3;
}
"""
SENDS = """
import ctypes, sys
import numpy as np
from mpi4py import MPI

if sys.argv[1] == "driver":
    ctypes.CDLL("/own/libcuda.so.1")
bytes_ = np.arange(64, dtype="u1")
kind = int(sys.argv[2])
class Array:
    place = bytes_.ctypes.data + kind - bytes_.ctypes.data % 4
    __cuda_array_interface__ = {
        "data": (place, False), "typestr": "|u1", "shape": (8,), "version": 3
    }
into = np.zeros(8, "u1")
try:
    MPI.COMM_SELF.Sendrecv(Array(), 0, recvbuf=into, source=0)
except BufferError as error:
    print(error)
else:
    print(*into)
"""
REFUSED = (
    "this MPI library cannot send a GPU's memory: copy it to the host by cupy.asnumpy(array), "
    "or name the site's GPU-aware MPI in HPCPY_MPI"
)

pytestmark = [
    *NEEDS,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc; apt-get install gcc"),
]


@pytest.mark.parametrize(
    ("driver", "kind", "is_refused"),
    [("driver", 0, 0), ("driver", 1, 1), ("driver", 2, 0), ("driver", 3, 0), ("none", 1, 0)],
)
def test_a_gpus_memory_is_refused(
    tmp_path: Path, driver: str, kind: int, *, is_refused: bool
) -> None:
    (tmp_path / "driver.c").write_text(DRIVER)
    name = "libcuda.so.1"
    words = ("-shared", "-fPIC", f"-Wl,-soname,{name}", tmp_path / "driver.c")
    run("gcc", *words, "-o", tmp_path / name, check=True)
    (tmp_path / "sends.py").write_text(SENDS)
    done = in_image(tmp_path, "python3", "/own/sends.py", driver, str(kind))
    sent = " ".join(str(kind + i) for i in range(8))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{REFUSED if is_refused else sent}\n"
