"""Parallel HDF5 on a network's file system: whatever MPI-IO is told, what is read is right.

In `make test`: `tests/image/test_mpi.py`, parallel HDF5 without hints, on a local disk.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from local_cluster import image
from small_storm import SmallStorm, started

from sharedfs.launch import Job

PROGRAM = Path(__file__).with_name("hdf5_hints.py")
# Of ROMIO, the MPI-IO of MPICH.
HINTS: dict[str, Mapping[str, str]] = {
    "none": {},
    "one writer": {"cb_nodes": "1", "romio_cb_write": "enable", "romio_cb_read": "enable"},
    "small buffers": {
        "cb_buffer_size": "65536",
        "romio_cb_write": "enable",
        "striping_factor": "2",
        "striping_unit": "1048576",
    },
    # Ranks write around each other's bytes, which they lock.
    "sieving": {
        "romio_cb_write": "disable",
        "romio_ds_write": "enable",
        "ind_wr_buffer_size": "4096",
    },
}

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started() as one:
        mounts = [
            dataclasses.replace(mount, folder=one.storm.folder, part="/", options=())
            for mount in one.storm.mounts
        ]
        with contextlib.ExitStack() as stack:
            for mount in mounts:
                stack.enter_context(mount.mounted())
            yield one


def ran(storm: SmallStorm, nodes: int, ranks: int, *words: str) -> dict[str, Any]:
    apptainer, execute, sif = image()
    folder = storm.storm.folder
    bound = ("--sharens", "--bind", str(folder), "--bind", str(PROGRAM.parent))
    command = [apptainer, execute, *bound, sif, "python3", str(PROGRAM), *words]
    done = subprocess.run(
        Job(nodes, ranks, command).words(storm.storm.layout),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", HINTS)
def test_what_ranks_write_others_read_in_another_order(storm: SmallStorm, name: str) -> None:
    file, hints = str(storm.storm.folder / f"{name}.h5"), json.dumps(HINTS[name])
    written = ran(storm, 2, 2, file, "write", hints)
    assert (written["nodes"], written["ranks"]) == (["n1", "n2"], 4)
    assert ran(storm, 1, 3, file, "read", hints)["ranks"] == 3
    assert ran(storm, 2, 1, file, "read", json.dumps({}))["nodes"] == ["n1", "n2"]
    followed = written["hints"]
    assert followed["romio_filesystem_type"].startswith("UFS")
    # The ranks that write: the first of each node, or of one.
    assert followed["romio_aggregator_list"].split() == ["0", "2"][: int(followed["cb_nodes"])]
    # A file of MooseFS has no stripes.
    ignored = {"striping_factor"} & {*HINTS[name]}
    assert {key: followed.get(key) for key in HINTS[name]} == {
        key: None if key in ignored else value for key, value in HINTS[name].items()
    }
