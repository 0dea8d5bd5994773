"""The developer tools' folder is exactly what dev.lock says, or is made again."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.venv import ensure_venv


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("ENV", "env"), ("BUILD", "build"), ("LOGS", "build/logs")):
        monkeypatch.setattr(paths, name, tmp_path / folder)
    monkeypatch.setattr(paths, "VENV", tmp_path / "build" / "venv")
    paths.ENV.mkdir()
    # No tools: making it takes no network.
    (paths.ENV / "dev.lock").write_text("# nothing\n")


def test_changed_or_half_made_folder_is_made_again() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("this Python has no ensurepip (Debian: apt install python3-venv)")
    # One of another lock; a half-made one has no stamp, which is as different.
    paths.VENV.mkdir(parents=True)
    rest = paths.VENV / "left-over"
    rest.touch()
    (paths.VENV / "made-from").write_text("another lock")
    ensure_venv()
    assert not rest.exists()
    assert (paths.VENV / "bin" / "python").exists()
    rest.touch()
    ensure_venv()
    assert rest.exists()


def test_python_without_ensurepip_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="apt install python3-venv"):
        ensure_venv()
    assert not paths.VENV.exists()


def test_missing_lock_is_named() -> None:
    (paths.ENV / "dev.lock").unlink()
    with pytest.raises(UsageError, match=r"env/dev\.lock: No such file"):
        ensure_venv()
