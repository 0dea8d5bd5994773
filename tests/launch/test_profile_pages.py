"""The pages of talks and profiles in a browser that reaches nothing but this machine.

Profiles' pages ask elsewhere first, and have to do without.

In `make test`: `tests/image/test_talk.py` and `tests/image/test_mandel_reports.py`,
which read the files without a page.
"""

from __future__ import annotations

import contextlib
import json
import os
import pstats
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import SECONDS, Browser
from local_cluster import image

pytestmark = pytest.mark.long
SMALL = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def run(*words: object, launcher: Sequence[str] = ()) -> None:
    """Run a workload in the image."""
    command = [*image(), *launcher, "python", "-m", "workloads", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def served(*words: object) -> Iterator[None]:
    """Have a program of the image serve its page meanwhile."""
    command = [*image(), *map(str, words)]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def answers(port: int) -> None:
    """Wait until a server can be asked."""
    end = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < end, "no server came"
        time.sleep(0.1)


def shown(screen: Browser, uri: str, *texts: str) -> None:
    """Open a page; wait until each text is on it."""
    screen.size(1280, 900, is_phone=False)
    screen.open(uri)
    for text in texts:
        screen.wait_for(f"document.body.innerText.includes({json.dumps(text)})")


def test_a_talks_page_shows_its_table_and_its_picture(tmp_path: Path, screen: Browser) -> None:
    folder = tmp_path / "talk"
    run("talk", "usc", 13, "--html", folder, "--json", tmp_path / "talk.json")
    (slide,) = json.loads((tmp_path / "talk.json").read_text())["slides"]
    rows = [row for experiment in slide["experiments"] for row in experiment["rows"]]
    ran = [row for row in rows if row["here"] is not None]
    assert len(ran) > 1
    page = (folder / "index.html").as_uri()
    shown(screen, page, "13: text or binary", "talk, times", *(row["verdict"] for row in ran))
    assert screen.ask("[...document.images].map(i => i.naturalWidth > 100)") == [True]
    assert {urlsplit(uri).scheme for uri in screen.asked} == {"file"}
    assert (screen.complaints, screen.left) == ([], [])


def test_vizviewers_page_shows_every_rank(tmp_path: Path, screen: Browser) -> None:
    trace, port = tmp_path / "m.json", free_port()
    words = ["mandel", *SMALL, "--impl", "mpi-p2p", "--profile", "viztracer", trace]
    run(*words, launcher=["mpiexec", "-n", "2"])
    with served("vizviewer", "--server_only", "--port", port, trace):
        answers(port)
        shown(screen, f"http://127.0.0.1:{port}", "rank 0", "rank 1")


def test_vizviewers_page_shows_every_rank_of_a_program(tmp_path: Path, screen: Browser) -> None:
    trace, script, port = tmp_path / "m.json.gz", tmp_path / "mine.py", free_port()
    script.write_text(
        "from mpi4py import MPI\n"
        "def mine(x):\n"
        "    return MPI.COMM_WORLD.allreduce(x)\n"
        "[mine(i) for i in range(30)]\n"
    )
    command = [*image(), "mpiexec", "-n", "4", "python", "-m", "workloads.traced", trace, script]
    subprocess.run([*map(str, command)], timeout=SECONDS, check=True)
    with served("vizviewer", "--server_only", "--port", port, trace):
        answers(port)
        rows = [f"rank {rank} on {os.uname().nodename}" for rank in range(4)]
        shown(screen, f"http://127.0.0.1:{port}", *rows)


def test_a_trace_as_one_page_needs_scripts_from_elsewhere(tmp_path: Path, screen: Browser) -> None:
    # Hence docs/mandelbrot.md names vizviewer.
    trace = tmp_path / "m.html"
    run("mandel", *SMALL, "--impl", "numpy", "--profile", "viztracer", trace)
    screen.open(trace.as_uri())
    assert screen.ask("document.body.innerText") == ""
    assert screen.left


def test_snakevizs_page_shows_the_functions_of_all_ranks(tmp_path: Path, screen: Browser) -> None:
    profile, port = tmp_path / "m.prof", free_port()
    words = ["mandel", *SMALL, "--impl", "mpi-cyclic", "--profile", "cprofile", profile]
    run(*words, launcher=["mpiexec", "-n", "2"])
    functions = vars(pstats.Stats(str(profile)))["stats"]
    # Each rank's call is one of them.
    (calls,) = [v[0] for k, v in functions.items() if k[2] == "compute" and "cyclic" in k[0]]
    assert calls == 2
    page = f"http://127.0.0.1:{port}/snakeviz/{str(profile).replace('/', '%2F')}"
    with served("snakeviz", "--server", "--port", port, profile):
        answers(port)
        shown(screen, page, "mpi_cyclic.py", "(compute)", "tottime")
        # The drawing comes from a worker of the page.
        drawn = "document.querySelectorAll('svg rect, svg path').length"
        assert screen.wait_for(drawn) > 1
