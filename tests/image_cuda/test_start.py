"""How many path calls a start of this image's Python makes, beside hpcpy's."""

import json
from pathlib import Path
from typing import Any

import pytest

from running import python

# As in hpcpy; numba tries a package that is missing, so that the second bundle is opened.
MOST = {"pass": 8, "numba": 22}


def counted(*what: str) -> Any:
    report = Path("/tmp") / f"start-{'-'.join(what)}.json"  # noqa: S108
    words = ["-m", "workloads", "startup", "--impl", "strace", *what, "--json", str(report)]
    done = python(*words)
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
