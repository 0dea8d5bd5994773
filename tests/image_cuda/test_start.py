"""How many path calls a start of this image's Python makes, beside hpcpy's."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from nvidia import SITE

# As in hpcpy; numba tries a package that is missing, so that the second bundle is opened.
MOST = {"pass": 8, "numba": 22}


def counted(*what: str) -> Any:
    report = Path("/tmp") / f"start-{'-'.join(what)}.json"  # noqa: S108
    words = ["-m", "workloads", "startup", "--impl", "ptrace", *what, "--json", str(report)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode == 69:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    details = json.loads(report.read_text())["results"][0]["details"]
    report.unlink()
    return details[0] if isinstance(details, list) else details


def test_a_start_costs_what_hpcpys_does() -> None:
    assert counted("--case", "pass")["path_calls"] <= MOST["pass"]
    assert counted("--import", "numba")["path_calls"] <= MOST["numba"]


def test_numba_for_cuda_comes_from_memory_but_for_extension_modules() -> None:
    assert counted("--import", "numba.cuda")["path_calls"] <= 230


def test_the_module_that_asks_pytorch_for_names_is_there() -> None:
    code = """
import cuda.core
from importlib.util import find_spec
print(find_spec("cuda.core._tensor_bridge").origin)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{SITE}/cuda/core/cu12/_tensor_bridge.")


def test_what_is_added_is_baked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy_bake", "--list"], capture_output=True, text=True, check=True
    )
    baked = {line.split()[0]: line.split()[1:3] for line in done.stdout.splitlines()}
    # The two below `cuda` share that folder, and are counted as one.
    for name in ("numba-cuda", "cuda-bindings"):
        assert baked[name][0] == version(name)
        assert int(baked[name][1]) > 0
