"""The program of a cluster of ranks, and the processes that end beside it."""

from __future__ import annotations

import ast
import contextlib
import tempfile
import warnings
from pathlib import Path

import pytest

from workloads.on_dask import cluster


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
        folder, _ = cluster._serve(stack, Nothing(), "", 1)  # type: ignore[arg-type]
        with pytest.raises(SyntaxError):
            ast.literal_eval(f"/tmp/{folder.name}/scheduler.json")  # noqa: S108
    assert folder.name.endswith("1in_abcd")
    assert not caught
