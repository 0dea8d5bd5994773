"""The doctor's ping between two nodes, on a network and a clock made for the test."""

from types import SimpleNamespace

import pytest

from hpcpy_job.doctor import ping

SMALL, LARGE = 8, 1 << 20


class Network:
    """Rank 0 of two, whose messages come back after some seconds of its clock."""

    rank, size = 0, 2

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        # Of each message: its bytes, and whether it tells the other rank to end.
        self.sent: list[tuple[int, int]] = []

    def perf_counter(self) -> float:
        return self.now

    def Send(self, buffer: bytearray, _to: int) -> None:  # noqa: N802  (mpi4py's)
        self.sent.append((len(buffer), buffer[0]))

    def Recv(self, _buffer: bytearray, _source: int) -> None:  # noqa: N802
        self.now += self.seconds

    def sendrecv(self, _host: str, _to: int, *, source: int) -> str:
        return f"n{source + 1}"

    def bcast(self, speed: ping.Speed | None) -> ping.Speed | None:
        return speed


# What goes on for 0.05 s of each size, and on a slow network for three messages.  The clock
# adds powers of two, without an error.
@pytest.mark.parametrize(("seconds", "count"), [(2**-6, 5), (2.0, 3)])
def test_it_ends_after_what_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, seconds: float, count: int
) -> None:
    network = Network(seconds)
    monkeypatch.setattr(ping, "time", SimpleNamespace(perf_counter=network.perf_counter))
    speed = ping.between_nodes(network, "n1")
    assert speed == ping.Speed(("n1", "n2"), 2 * LARGE / seconds, seconds / 2)
    goes_on = count - 1
    assert network.sent == [
        message for size in (SMALL, LARGE) for message in [(size, 0)] * goes_on + [(size, 1)]
    ]


def test_one_node_has_nobody_to_ask() -> None:
    assert ping.between_nodes(SimpleNamespace(size=1), "n1") is None
