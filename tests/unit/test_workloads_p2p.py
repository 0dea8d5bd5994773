"""Messages: the command line, what needs neither numpy nor MPI."""

from __future__ import annotations

import os

import pytest

from workloads.__main__ import main
from workloads.p2p.messages import DEFAULT, in_words, sizes


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("PMI_", "MPI_LOCAL", "OMPI_", "SLURM_"))]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("alone")
def test_one_rank_is_69_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["p2p", "--impl", "mpi-upper,mpi-isend"]) == 69
    assert capsys.readouterr().err.count("\n") == 1


def test_sizes_are_read_and_shown_in_words() -> None:
    assert sizes("8,4KiB,1mib,8, 16 B") == [8, 16, 4096, 1 << 20]
    assert [in_words(size) for size in (8, 1000, 4096, 3 << 20)] == [
        "8 B", "1,000 B", "4 KiB", "3 MiB",
    ]  # fmt: skip
    assert (len(DEFAULT), DEFAULT[0], DEFAULT[-1]) == (20, 8, 4 << 20)
    assert sizes(",".join(map(in_words, DEFAULT))) == DEFAULT
