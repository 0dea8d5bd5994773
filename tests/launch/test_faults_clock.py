"""The clock is decades off, by libfaketime: as on a node whose battery is empty.

Apptainer itself has the right time: it is linked statically.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find

PAST, FUTURE = "@1975-06-01 00:00:00", "@2106-03-01 00:00:00"
# numba compiles and caches, a pool waits, HDF5 and NumPy write dates.
PROGRAM = """
import datetime, sys
import numba
@numba.njit(cache=True)
def double(x):
    return 2 * x
print(datetime.datetime.now().year, double(2))
"""
RUNS = {
    "numba": ["python3", "/mnt/program.py"],
    "mandel": ["python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", "numba,queue"],
    "write": ["python3", "-m", "workloads", "write", "--impl", "npy,hdf5,multiprocessing"],
    "MPI": ["mpiexec", "-n", "2", "python3", "-m", "workloads", "pi", "--impl", "mpi"],
}
MAKE = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext keyUsage=critical,keyCertSign,digitalSignature
"""
FETCH = """
import sys
from hpcpy.errors import HpcpyError
from hpcpy.fetch.connection import Patience
from hpcpy.fetch.many import fetch
from misbehaving_server import artifact
try:
    fetch([artifact(b"x", sys.argv[1])], patience=Patience(60.0, (0.0,), 60.0))
except HpcpyError as error:
    sys.exit(f"{error}")
"""


@pytest.fixture(scope="module")
def library() -> str:
    """Give libfaketime's path, which the image sees as another one."""
    if not shutil.which("faketime"):
        pytest.skip("no faketime; on Debian: apt-get install faketime")
    maps = "import re; print(re.search(r'/.*libfaketime.*', open('/proc/self/maps').read())[0])"
    command = ["faketime", "-f", PAST, sys.executable, "-c", maps]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def in_image(
    sif: str, folder: Path, *words: str, options: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(find()), "exec", "--no-home", f"--bind={folder}:/mnt", *options, sif, *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("clock", [PAST, FUTURE])
@pytest.mark.parametrize("run", RUNS)
def test_programs_in_the_image_are_right(
    sif: str, library: str, tmp_path: Path, run: str, clock: str
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    variables = {"LD_PRELOAD": "/faketime.so", "FAKETIME": clock, "NUMBA_CACHE_DIR": "/mnt/cache"}
    done = in_image(
        sif,
        tmp_path,
        *RUNS[run],
        options=(f"--bind={library}:/faketime.so",),
        **{f"APPTAINERENV_{name}": value for name, value in variables.items()},
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = f"{clock[1:5]} 4\n" if run == "numba" else "matches the "
    assert expected in done.stdout


@pytest.fixture
def site(sif: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a server whose certificate is from now on."""
    made = in_image(sif, tmp_path, "sh", "-euc", MAKE, options=("--pwd=/mnt",))
    assert made.returncode == 0, made.stderr
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("localhost", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/x"
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("clock", "told"), [(PAST, "not yet valid"), (FUTURE, "has expired")])
def test_a_download_says_that_the_certificate_is_of_another_time(
    site: str, tmp_path: Path, clock: str, told: str
) -> None:
    path = os.pathsep.join(str(paths.ROOT / folder) for folder in ("src", "tests/unit"))
    done = subprocess.run(
        ["faketime", "-f", clock, sys.executable, "-c", FETCH, site],
        env={
            **os.environ,
            "PYTHONPATH": path,
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "HPCPY_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
