"""A package of `debian.lock` moves, and every other pin stays as it is, byte for byte.

The packages are real, and so is their index and what apt makes of it.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lock_blocks import blocks
from misbehaving_server import Server, serving, whole

from hpcpy.apt import offers, private
from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.lock import debian
from hpcpy.lock.command import render
from hpcpy.pins.debian import debs, snapshot_epoch

LOCKED = datetime.datetime(2001, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
LATER = datetime.datetime(2001, 3, 3, tzinfo=datetime.UTC)
DEBS = {
    # Name and version -> what it depends on.
    ("base", "1"): "",
    ("base", "2"): "",
    ("thing", "1"): "base",
    ("thing", "2"): "base (>= 2), extra",
    ("thing-dev", "1"): "thing (= 1)",
    ("thing-dev", "2"): "thing (= 2)",
    ("extra", "1"): "",
    ("other", "1"): "base",
    ("other", "2"): "base",
    ("lone", "1"): "nowhere",
    ("lone", "2"): "nowhere",
}
SETS = {"base": ["first"], "thing": ["first"], "thing-dev": ["second"], "other": ["second"]}
WANTED = """
architectures = ["x86_64"]
snapshot = "https://h.invalid/{archive}/{timestamp}/{path}"
suites = [{ archive = "debian", name = "stable" }]
[sets.first]
packages = ["thing"]
[sets.second]
packages = ["thing-dev", "other"]
[sets.lone]
alone = true
packages = ["lone"]
"""


def pool_path(name: str, version: str) -> str:
    source = name.removesuffix("-dev")
    return f"pool/main/{source[0]}/{source}/{name}_{version}_amd64.deb"


def make_deb(folder: Path, name: str, version: str, depends: str) -> Path:
    root = folder / f"{name}-{version}"
    (root / "DEBIAN").mkdir(parents=True)
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@a.invalid>\n"
    )
    control += f"Depends: {depends}\n" if depends else ""
    (root / "DEBIAN" / "control").write_text(f"{control}Description: a test\n")
    doc = root / "usr/share/doc" / name
    doc.mkdir(parents=True)
    (doc / "copyright").write_text("Format: x\nLicense: MIT\n")
    deb = folder / pool_path(name, version)
    deb.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "-Zgzip", "--build", root, deb], check=True, capture_output=True)
    return deb


def table(deb: Path, name: str, version: str, sets: list[str]) -> dict[str, Any]:
    return {
        "version": version,
        "sets": sets,
        "size": deb.stat().st_size,
        "sha256": sha256(deb),
        "licence": "MIT",
        "archive": "debian",
        "path": pool_path(name, version),
    }


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve an archive of the newest of `DEBS`, and yield the folder of a lock of the oldest."""
    if not shutil.which("dpkg-deb") or not shutil.which("apt-get"):
        pytest.skip("no dpkg-deb and apt-get here: this needs a Debian")
    files = {key: make_deb(tmp_path / "debs", *key, needs) for key, needs in DEBS.items()}
    index = []
    for (name, version), deb in files.items():
        if (name, str(int(version) + 1)) not in files:
            fields = subprocess.run(
                ["dpkg-deb", "--field", deb], capture_output=True, text=True, check=True
            ).stdout
            index.append(
                f"{fields}Filename: {pool_path(name, version)}\n"
                f"Size: {deb.stat().st_size}\nSHA256: {sha256(deb)}\n"
            )
    env = tmp_path / "env"
    env.mkdir()
    (env / "debian.toml").write_text(WANTED)
    locked = {
        name: table(files[name, "1"], name, "1", sets)
        for name, sets in {**SETS, "lone": ["lone"]}.items()
    }
    (env / "debian.lock").write_text(
        render(
            {"timestamp": LOCKED, "packages": {"x86_64": dict(sorted(locked.items()))}},
            "Made from debian.toml by `make lock`, which prints what moves; not to be edited.",
        )
    )
    for name in ("ENV", "BUILD", "LOGS"):
        monkeypatch.setattr(paths, name, env if name == "ENV" else tmp_path / "build")
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    with serving() as server:
        server.answers["/debian/./Packages"] = [whole("\n".join(index).encode())]
        for (name, version), deb in files.items():
            server.answers[f"/debian/{pool_path(name, version)}"] = [whole(deb.read_bytes())]
        unsigned(server, monkeypatch)
        yield env


def unsigned(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let apt take the test's archive, which nobody has signed."""

    class Apt(private.PrivateApt):
        def __init__(self, folder: Path, suites: Any, mirrors: dict[str, str], arch: str) -> None:
            super().__init__(folder, suites, mirrors, arch)
            line = f"deb [trusted=yes arch=amd64] {mirrors['debian']} ./\n"
            (folder / "sources.list").write_text(line)
            # A flat archive has no suite to prefer.
            settings = (folder / "last.conf").read_text().splitlines(keepends=True)
            kept = "".join(one for one in settings if "Default-Release" not in one)
            (folder / "last.conf").write_text(kept)

    monkeypatch.setattr(private, "_keyring", lambda: "/none")
    monkeypatch.setattr(offers, "PrivateApt", Apt)
    monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", f"{server.url}/debian")
    monkeypatch.delenv("http_proxy", raising=False)


def test_debian_package_moves_with_what_it_needs_and_no_other_byte(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = archive / "debian.lock"
    before = blocks(lock)
    assert run(["lock", "debian", "--only", "thing"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in told[1:]] == [
        "base:x86_64 1 -> 2",
        "extra:x86_64 (new) -> 1",
        "thing-dev:x86_64 1 -> 2",
        "thing:x86_64 1 -> 2",
    ]
    after = blocks(lock)
    moved = {"base", "extra", "thing", "thing-dev"}
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {f"[packages.x86_64.{name}]" for name in moved}
    tables = tomllib.loads(lock.read_text())["packages"]["x86_64"]
    assert {name: its["sets"] for name, its in tables.items()} == {
        **SETS,
        "lone": ["lone"],
        "extra": ["first"],
    }
    assert {name for name, its in tables.items() if "timestamp" in its} == moved


def test_packages_locked_later_are_looked_up_by_their_own_time(archive: Path) -> None:
    run(["lock", "debian", "--only", "lone"])
    own = tomllib.loads((archive / "debian.lock").read_text())["packages"]["x86_64"]["lone"]
    (lone,) = debs("lone", "x86_64")
    assert f"/{own['timestamp']:%Y%m%dT%H%M%SZ}/" in lone.sources[1].url
    (other, _) = debs("second", "x86_64")
    assert "/20010203T040506Z/" in other.sources[1].url
    # What is built keeps its date, and so its keys.
    assert snapshot_epoch() == int(LOCKED.timestamp())


def lock_of(**versions: str) -> dict[str, Any]:
    return {"x86_64": {name: {"version": version} for name, version in versions.items()}}


@pytest.mark.parametrize(
    ("now", "is_new", "own"),
    [
        (lock_of(a="1", b="1"), False, set()),
        (lock_of(a="1", b="1", c="1"), False, {"c"}),
        (lock_of(a="1"), False, set()),
        (lock_of(a="2", b="1"), True, set()),
        (lock_of(a="2", b="1", c="1"), True, set()),
    ],
    ids=["nothing", "one comes", "one goes", "one moves", "one moves and one comes"],
)
def test_time_of_a_full_lock_moves_with_a_version_alone(
    now: dict[str, Any], is_new: bool, own: set[str]
) -> None:
    old = {"timestamp": LOCKED, "packages": lock_of(a="1", b="1")}
    new = debian.dated(old, now, LATER)
    assert new["timestamp"] == (LATER if is_new else LOCKED)
    tables = new["packages"]["x86_64"]
    assert {name for name, its in tables.items() if its.get("timestamp") == LATER} == own
