"""The program of a cluster of ranks, and the processes that end beside it."""

from __future__ import annotations

import ast
import contextlib
import tempfile
import warnings
from pathlib import Path

import pytest
from processes import python

from workloads.on_dask import cluster

# PR_SET_CHILD_SUBREAPER: orphans become this process's children, as those of the first
# process of a container.
RUNS = """
import ctypes, os
from workloads.on_dask import cluster
ctypes.CDLL(None).prctl(36, 1)
waits = []
own = os.waitid
os.waitid = lambda *words: waits.append(own(*words)) or waits[-1]
orphan = "import subprocess, time; subprocess.run(['sh', '-c', 'sleep 0.1 &']); time.sleep(0.6)"
print(cluster.run(["-c", orphan], {}, {}), len(waits))
"""


def test_an_orphan_that_ends_is_waited_for_once() -> None:
    # Its status was never read: the wait for the program took a whole core.
    done = python("-c", RUNS)
    assert (done.stdout, done.stderr) == ("0 2\n", "")


class Nothing:
    """A cluster whose server is nothing but the folder that it was given."""

    owner = "Dask"
    server_name = "scheduler"

    def server(self, folder: Path, *_: object) -> contextlib.AbstractContextManager[Path]:
        return contextlib.nullcontext(folder)


def test_no_folders_name_is_a_number_for_dask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dask.config reads DASK_SCHEDULER_FILE as Python, where "-1in" is worth a warning.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "_get_candidate_names", lambda: iter(["1in_abcd"]))
    with contextlib.ExitStack() as stack, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folder, _ = cluster._start(stack, Nothing(), "", 1)  # type: ignore[arg-type]
        with pytest.raises(SyntaxError):
            ast.literal_eval(f"/tmp/{folder.name}/scheduler.json")  # noqa: S108
    assert folder.name.endswith("1in_abcd")
    assert not caught
