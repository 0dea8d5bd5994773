"""CuPy's arrays through MPI, between the GPUs of a node.

Run where there is a device, in an image or outside:
`PYTHONPATH=src python3 -m pytest tests/gpu`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from on_device import launcher

from hpcpy_common.machine import no_cuda_device

# Among them a length that is no multiple of a message's, and one of many messages.
LENGTHS = (1, 70_001, 1 << 24)


@pytest.mark.parametrize("ranks", [2, 3])
def test_arrays_on_the_gpu_arrive_as_sent(ranks: int, tmp_path: Path) -> None:
    ranks_by = launcher(ranks)
    reason = no_cuda_device() or ("" if ranks_by else "there is no mpiexec")
    if reason:
        pytest.skip(f"mpi-cupy: {reason}")
    report = tmp_path / "report.json"
    words = ["--impl", "mpi-cupy", "--sizes", ",".join(map(str, LENGTHS))]
    command = [*ranks_by, sys.executable, "-m", "workloads", "p2p", *words]
    done = subprocess.run(
        [*command, "--times", "3", "--json", report], capture_output=True, text=True, check=False
    )
    if done.returncode == 69:
        assert done.stderr.count("\n") == 1
        pytest.skip(f"mpi-cupy: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
    results = json.loads(report.read_text())["results"]
    assert [result["details"][0]["bytes"] for result in results] == [*LENGTHS]
    assert all(result["ok"] for result in results)
