"""Parts are kept in a cache, which may be on another disk than the checkout."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpcpy import paths
from hpcpy.build import parts
from hpcpy.build.buildah import Buildah
from hpcpy.build.plan import make_plan

MEMORY = Path("/dev/shm")  # noqa: S108


@pytest.fixture
def another_disk(tmp_path: Path) -> Iterator[Path]:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"{MEMORY} is no file system of its own here")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def test_a_part_made_here_is_kept_on_another_disk(
    another_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan()
    part = plan.graph.parts["manylinux"]

    def run_recipe(_stage: Any, _buildah: Any, _builder: Any, folder: Path) -> None:
        (folder / "result" / f"{part.name}.tar").write_text("made")

    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "LOGS", tmp_path / "build/logs")
    monkeypatch.setenv("HPCPY_CACHE", str(another_disk))
    monkeypatch.setattr(parts, "_run_recipe", run_recipe)
    for name in ("add_recipes", "add_materials", "place"):
        monkeypatch.setattr(parts, name, lambda *_, **__: None)
    made = parts.make_part(plan, part, "builder", Buildah(Path("buildah"), {}))
    assert made.is_relative_to(another_disk)
    assert made.read_text() == "made"
    assert parts.ready_part(plan, part) == made
