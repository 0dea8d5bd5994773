"""Outputs of every kind to standard output; other files: `unit/common/test_destinations.py`."""

import json
import marshal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from needed import need

from running import launcher, printed, refusal, surroundings, workload_on
from tiers import sampled

# Little to compute, for each command.
LITTLE = {
    "mandel": "--window -2 0.5 -1.25 1.25 --size 31 17 --maxiter 60 --impl numpy",
    "write": "--impl npy -n 2 -s 4",
    "read": "--impl npy -n 2 -s 4",
    "pi": "--impl numpy -n 1000",
    "linalg": "--task dot -n 8 --impl numpy",
    "p2p": "--impl mpi-upper --sizes 8 --times 2",
    "startup": "--impl spawn --import json",
    "talk": "nersc 24",
    "doctor": "--quick --only surroundings",
    "arrays": "",
    "forecast": "--import json --operations 200 --size 1 --probe /tmp",
}
RANKS = {"p2p": 2}


def is_picture(data: bytes) -> None:
    assert data.startswith(b"\x89PNG")
    # The last chunk, and nothing behind it.
    assert data.endswith(b"IEND\xaeB`\x82")


READS: dict[str, Callable[[bytes], object]] = {
    "--json": json.loads,
    "--profile cprofile": marshal.loads,
    "--profile line": lambda data: data.index(b"Timer unit"),
    "--plot": is_picture,
    "--out": is_picture,
}
# mandel has each option, and all commands have one: arrays only draws.
CASES = [("mandel", option) for option in READS]
CASES += [(name, "--json") for name in LITTLE if name not in ("mandel", "arrays")]
CASES += [("arrays", "--plot")]


@pytest.mark.parametrize(("name", "option"), sampled(CASES, keep=len(READS)))
def test_standard_output_has_it_alone(name: str, option: str) -> None:
    if option == "--plot":
        need("matplotlib")
    start = launcher(RANKS[name]) if name in RANKS else []
    words = [*LITTLE[name].split(), *option.split(), "-"]
    package = "hpcpy_job" if name in ("doctor", "forecast") else "workloads"
    command = [*start, sys.executable, "-m", package, name, *words]
    done = subprocess.run(command, env=surroundings(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    READS[option](done.stdout)


def test_an_output_keeps_what_its_owner_has_closed(tmp_path: Path) -> None:
    closed, private = tmp_path / "closed.json", tmp_path / "private.json"
    for path, mode in ((closed, 0o444), (private, 0o600)):
        path.write_text("precious")
        path.chmod(mode)
    words = ["mandel", *LITTLE["mandel"].split(), "--json"]
    assert "Permission denied" in refusal(workload_on(1, *words, closed))
    assert (closed.read_text(), closed.stat().st_mode & 0o777) == ("precious", 0o444)
    printed(workload_on(1, *words, private))
    assert json.loads(private.read_text())
    assert private.stat().st_mode & 0o777 == 0o600
