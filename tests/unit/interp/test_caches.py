"""Caches of packages go to a folder of ours alone, or nowhere."""

import os
import sys
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[3] / "src/interp"
sys.path[:0] = [str(INTERP / name) for name in ("importer", "packages")]

import _hpcpy_caches  # noqa: E402
import _hpcpy_private  # noqa: E402


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in _hpcpy_caches.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / f"hpcpy-{os.getuid()}"


def test_folder_is_made_for_its_owner_alone(tmp: Path) -> None:
    assert _hpcpy_caches.point("numba") == f"{tmp}/numba" == os.environ["NUMBA_CACHE_DIR"]
    assert tmp.stat().st_mode & 0o777 == 0o700


# Modes of the folder, of that which it is in, and above.
@pytest.mark.parametrize(
    ("modes", "is_taken"),
    [
        ((0o700, 0o700, 0o700), True),
        ((0o777, 0o700, 0o700), False),
        ((0o720, 0o700, 0o700), False),
        ((0o700, 0o1777, 0o700), True),
        ((0o700, 0o770, 0o700), False),
        ((0o700, 0o755, 0o777), False),
        ((0o700, 0o755, 0o1777), True),
    ],
)
def test_folder_that_others_can_write_or_rename_is_not_taken(
    tmp_path: Path, modes: tuple[int, ...], *, is_taken: bool
) -> None:
    folder = tmp_path / "above/parent/hpcpy"
    folder.mkdir(parents=True)
    for path, mode in zip((folder, *folder.parents), modes, strict=False):
        path.chmod(mode)
        if os.getuid() == 0 and path != folder:  # above root's own folders nobody looks
            os.chown(path, 1, 1)
    try:
        os.close(_hpcpy_private.opened(str(folder)))
    except PermissionError:
        assert not is_taken
    else:
        assert is_taken


def test_link_of_its_name_is_not_followed(tmp: Path) -> None:
    elsewhere = tmp.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    tmp.symlink_to(elsewhere)
    _hpcpy_caches.point("cupy")
    assert not os.environ.get("CUPY_CACHE_DIR", "").startswith(str(tmp))


@pytest.mark.parametrize("package", _hpcpy_caches.VARIABLES)
@pytest.mark.parametrize("value", ["", "mine"])
def test_a_variable_that_is_set_is_the_users(
    tmp: Path, monkeypatch: pytest.MonkeyPatch, package: str, value: str
) -> None:
    tmp.mkdir(0o700)
    monkeypatch.setenv(_hpcpy_caches.VARIABLES[package], value)
    assert _hpcpy_caches.point(package) == value
    assert os.environ[_hpcpy_caches.VARIABLES[package]] == value
