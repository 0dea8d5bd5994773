"""Which device a rank takes, and what is said first where there is none."""

from __future__ import annotations

import pytest

from workloads.device.cuda import of_this_rank
from workloads.parallel import ranks

LAUNCHERS = ("MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", LAUNCHERS)
def test_ranks_of_a_node_take_its_devices_in_turn(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "5")
    assert ranks.rank_on_node() == 5
    assert of_this_rank(4) == 1


# Slurm gives the batch script 0, and mpiexec hands that on to every rank.
def test_mpiexec_in_a_batch_script_knows_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_LOCALID", "0")
    monkeypatch.setenv("MPI_LOCALRANKID", "2")
    assert of_this_rank(4) == 2
