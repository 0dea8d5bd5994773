"""What docs/startup.md says about pools: workers that are forked share imports."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from needed import needs

from tiers import sampled

OF_DASK = (
    needs("dask"),
    pytest.mark.skipif(
        importlib.util.find_spec("bokeh") is not None,
        reason="each worker's dashboard imports bokeh, which is in this image",
    ),
)
PROGRAM = Path(__file__).with_name("pool_workers.py")


def started(*words: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, PROGRAM, *words], capture_output=True, text=True, check=True, timeout=120
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("shared", "module"),
    sampled([
        ("preload", "numpy"),
        ("preload", "numba"),
        ("fork", "numpy"),
        ("fork", "workloads"),
        ("forkserver", "workloads"),
        pytest.param("forkserver", "dask", marks=OF_DASK),
        pytest.param("early", "dask", marks=OF_DASK),
    ]),
)  # fmt: skip
def test_workers_share_what_their_server_has_imported(shared: str, module: str) -> None:
    ours, others = (started(method, "2", module) for method in (shared, "spawn"))
    assert ours["private_mb"] < 0.5 * others["private_mb"]
