"""How long these tests wait for a server."""

import pytest


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine any server is silent for a while.
    monkeypatch.setattr("hpcpy.fetch.download.SECONDS", 60.0)
    monkeypatch.setattr("hpcpy.fetch.artifacts.GIVE_UP", 60.0)
    monkeypatch.setattr("hpcpy.fetch.artifacts.PAUSES", (0.0, 0.0, 0.0))
