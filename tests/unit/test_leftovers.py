"""A build removes the containers that broken ones have left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy.build import leftovers
from hpcpy.build.buildah import Buildah
from hpcpy.core import removal

KINDS = {"missing": None, "empty": "", "half": '{"type":"buildah'}


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buildah]:
    """Yield a buildah with an empty storage; at the end remove it with all its mounts."""
    program = shutil.which("buildah")
    if program is None or os.geteuid() != 0:
        pytest.skip("needs root and buildah: sudo make setup")
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    (tmp_path / "hpcpy/storage").mkdir(parents=True)
    yield Buildah(Path(program), {})
    removal.remove_storage(tmp_path / "hpcpy/storage")
    assert f" {tmp_path}/" not in Path("/proc/self/mountinfo").read_text()


def _mounted(storage: Path) -> str:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return "\n".join(line for line in lines if f" {storage}/" in line)


def made(buildah: Buildah) -> str:
    started = buildah._run("from", "--pull=never", "scratch")
    assert started.returncode == 0, started.stderr
    assert buildah._run("mount", started.stdout.strip()).returncode == 0
    return started.stdout.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_with_a_damaged_record_is_removed(
    found: Buildah, tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    storage = tmp_path / "hpcpy/storage"
    for _ in range(2):
        made(found)
    folders = leftovers.containers(storage).values()
    assert len(folders) == 2
    record = next(iter(folders)) / "userdata/buildah.json"
    record.unlink()
    if (text := KINDS[kind]) is not None:
        record.write_text(text)
    # buildah reports success, and leaves one.
    assert found._run("rm", "--all").returncode == 0
    assert len(leftovers.containers(storage)) == 1
    found.remove_containers()
    assert not leftovers.containers(storage)
    assert "/merged " not in _mounted(storage)
    assert "could not be removed" not in "".join(capfd.readouterr())
