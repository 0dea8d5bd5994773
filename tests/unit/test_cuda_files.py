"""Only the listed files of NVIDIA's wheels are unpacked, and the list fits the lock."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from hpcpy.build.graph import the_graph
from hpcpy.build.plan import Plan
from hpcpy.core import paths
from hpcpy.pins.wheels import wheels

TABLE = paths.ENV / "cuda.toml"


@pytest.fixture(scope="module")
def unpack() -> ModuleType:
    path = paths.CONTAINERS / "cuda" / "unpack.py"
    spec = importlib.util.spec_from_file_location("unpack", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_wheel(folder: Path, name: str, files: dict[str, bytes], licence: bytes = b"terms") -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    every = files | {f"{info}/METADATA": b"Name: x\n", f"{info}/licenses/License.txt": licence}
    record = "".join(
        f"{one},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()},{len(data)}\n"
        for one, data in every.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in (every | {f"{info}/RECORD": record.encode()}).items():
            archive.writestr(one, data)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cuda.toml"
    path.write_text(
        '[components."A"]\nwheel = "nvidia-a"\nfiles = ["nvidia/a/lib/liba.so.1"]\n'
        '[components."B"]\nwheel = "nvidia-b"\nfiles = ["nvidia/b/lib/libb.so.2"]\n'
    )
    return path


def run(unpack: ModuleType, table: Path, folder: Path, *files: Path) -> None:
    unpack.main([str(one) for one in (table, folder / "site", folder / "licences", *files)])


def two(folder: Path, licence: bytes = b"terms") -> list[Path]:
    first = {"nvidia/a/lib/liba.so.1": b"a", "nvidia/a/lib/liba.a": b"static"}
    second = {"nvidia/b/lib/libb.so.2": b"b", "nvidia/b/bin/tool": b"tool"}
    return [make_wheel(folder, "nvidia_a", first), make_wheel(folder, "nvidia_b", second, licence)]


def test_only_listed_files_and_metadata_are_unpacked(
    unpack: ModuleType, table: Path, tmp_path: Path
) -> None:
    run(unpack, table, tmp_path, *two(tmp_path))
    site = tmp_path / "site"
    found = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert {name for name in found if name.startswith("nvidia/")} == {
        "nvidia/a/lib/liba.so.1",
        "nvidia/b/lib/libb.so.2",
    }
    record = (site / "nvidia_a-1.0.dist-info/RECORD").read_text()
    assert {line.partition(",")[0] for line in record.splitlines()} <= found
    assert (tmp_path / "licences/License.txt").read_bytes() == b"terms"
    assert (tmp_path / "licences/files.toml").read_bytes() == table.read_bytes()


def test_a_listed_file_that_is_not_there_is_named(
    unpack: ModuleType, table: Path, tmp_path: Path
) -> None:
    wheels_there = two(tmp_path)
    wheels_there[0] = make_wheel(tmp_path, "nvidia_a", {"nvidia/a/lib/liba.so.2": b"a"})
    with pytest.raises(SystemExit, match=r"has no nvidia/a/lib/liba\.so\.1: see env/cuda\.toml"):
        run(unpack, table, tmp_path, *wheels_there)


def test_wheels_and_table_are_the_same(unpack: ModuleType, table: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nvidia-b"):
        run(unpack, table, tmp_path, two(tmp_path)[0])


def test_the_projects_table_is_of_the_locked_wheels(unpack: ModuleType) -> None:
    graph = the_graph()
    pinned = Plan(graph, "x86_64", 0).pins(graph.parts["cuda_libraries"])
    assert {one.name for one in pinned} == {*unpack.listed(TABLE)}
    others = Plan(graph, "x86_64", 0).pins(graph.parts["cuda_python"])
    new = {one.name for one in wheels("cuda", "x86_64")} - {
        one.name for one in wheels("image", "x86_64")
    }
    assert {one.name for one in (*pinned, *others)} == new
