"""A folder of packages is exactly what its lock says, or is made again."""

import importlib.util
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.engine.venv import TITLES, ensure_venv


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("ENV", "env"), ("BUILD", "build"), ("LOGS", "build/logs")):
        monkeypatch.setattr(paths, name, tmp_path / folder)
    monkeypatch.setattr(paths, "VENV", tmp_path / "build" / "venv")
    paths.ENV.mkdir()
    # No packages: making it takes no network.
    for name in TITLES:
        (paths.ENV / f"{name}.lock").write_text("# nothing\n")


@pytest.mark.long
@pytest.mark.skipif(
    importlib.util.find_spec("ensurepip") is None,
    reason="this Python has no ensurepip (Debian: apt install python3-venv)",
)
def test_changed_or_half_made_folder_is_made_again() -> None:
    # A folder of another lock; a half-made one has no stamp, and so is different, too.
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
    # Another lock has a folder of its own, and leaves this one as it is.
    assert (ensure_venv("outside") / "bin" / "python").exists()
    assert rest.exists()
    # A link to that of another checkout, which stays as it is.
    paths.VENV.rename(paths.BUILD / "elsewhere")
    paths.VENV.symlink_to("elsewhere")
    (paths.ENV / "dev.lock").write_text("# changed\n")
    ensure_venv()
    assert (paths.BUILD / "elsewhere" / rest.name).exists()


def test_a_lock_with_both_sides_of_a_merge_is_refused() -> None:
    (paths.ENV / "dev.lock").write_text("# made\n<<<<<<< HEAD\na==1\n=======\na==2\n>>>>>>> b\n")
    with pytest.raises(UsageError, match=r"^env/dev\.lock: line 2 .*git checkout"):
        ensure_venv()
    assert not paths.VENV.exists()
