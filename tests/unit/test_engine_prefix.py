"""The prefix is whole, made for its place, and never half there."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from processes import environment, read_only

from hpcpy import paths
from hpcpy.apt.uris import parse_uris
from hpcpy.engine import apptainer, debs, prefix, tools
from hpcpy.engine.prefix import CAPABILITIES, bounding_set, configure, set_option
from hpcpy.errors import DiskError, UnavailableError

URIS = """\
'http://mirror/debian/pool/main/a/apptainer/apptainer_1.4.5-2_amd64.deb' \
apptainer_1.4.5-2_amd64.deb 18690072 SHA256:{a}
'http://mirror/debian/pool/main/p/perl/perl_5_amd64.deb' perl_5_amd64.deb 7 SHA256:{b}
'http://mirror/debian/pool/main/z/zlib1g_1.3_amd64.deb' zlib1g_1%3a1.3_amd64.deb 88892 SHA256:{b}
""".format(a="a" * 64, b="b" * 64)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout whose prefix looks whole."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    program = prefix.prefix() / "usr/bin/apptainer"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho apptainer version 1.4.5\n")
    program.chmod(0o755)
    prefix.relink(prefix.command(), program)
    (prefix.prefix() / "stamp").write_text(prefix.stamp())
    return tmp_path


def test_whole_prefix_is_used_as_it_is(checkout: Path) -> None:
    assert prefix.is_ready()
    assert prefix.provide() == checkout / "build/tools/bin/apptainer"


def test_prefix_of_a_moved_checkout_is_made_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "build").rename(checkout / "moved")
    monkeypatch.setattr(paths, "TOOLS", checkout / "moved/tools")
    assert prefix.command().exists()
    assert not prefix.is_ready()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tools, "SBIN", ())
    with pytest.raises(UnavailableError, match=rf"made for {checkout}/build/tools/.*make setup"):
        apptainer.find()


READER = """
import os, sys
from pathlib import Path
from hpcpy import paths
from hpcpy.engine import setup, tools
from hpcpy.errors import UnavailableError
paths.BUILD = Path(sys.argv[1])
paths.TOOLS = paths.BUILD / "tools"
tools.SBIN = ()
os.environ["PATH"] = ""
try:
    setup.ensure("apptainer")
except UnavailableError as error:
    print(error)
"""


@pytest.mark.parametrize("is_moved", [True, False])
def test_who_cannot_write_a_copied_checkout_is_told_what_to_do(
    checkout: Path, is_moved: bool
) -> None:
    build = checkout / "build"
    if is_moved:
        build = build.rename(checkout / "moved")
    else:
        shutil.rmtree(build / "tools")
    done = subprocess.run(
        [*read_only(build), sys.executable, "-c", READER, build],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert ".lock" not in done.stdout
    assert (f"was made for {checkout}/build/tools/apptainer" in done.stdout) == is_moved
    assert done.stdout.endswith("; its owner types make setup, or put one on PATH\n")


@pytest.mark.usefixtures("checkout")
@pytest.mark.fault(
    "a build is killed while it downloads, writes or sets up",
    "the next one goes on; nothing half-written",
)
def test_prefix_whose_making_was_killed_is_not_ready() -> None:
    prefix.command().unlink()
    assert not prefix.is_ready()
    (prefix.prefix() / "stamp").unlink()
    assert not prefix.is_ready()


@pytest.mark.usefixtures("checkout")
def test_missing_apptainer_names_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tools, "SBIN", ())
    assert apptainer.find() == prefix.command()
    (prefix.prefix() / "stamp").unlink()
    with pytest.raises(UnavailableError, match="make setup"):
        apptainer.find()


@pytest.mark.fault("the disk of a build is full", "one line, exit code 73, nothing half-written")
def test_full_disk_is_told_before_anything_is_downloaded(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(prefix.prefix())
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10, 10, 0))
    monkeypatch.setenv("HPCPY_CACHE", str(checkout / "cache"))
    with pytest.raises(DiskError, match="Apptainer needs"):
        prefix.provide()
    assert not (checkout / "cache").exists()


def test_machine_of_another_kind_is_told_so(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(checkout / "build")
    monkeypatch.setattr(platform, "machine", lambda: "s390x")
    with pytest.raises(UnavailableError, match="s390x"):
        prefix.provide()


def test_links_are_relative_and_replaced_whole(tmp_path: Path) -> None:
    link = tmp_path / "tools/bin/apptainer"
    for target in ("one", "two"):
        prefix.relink(link, tmp_path / "tools" / target)
        assert str(link.readlink()) == f"../{target}"
    assert [path.name for path in link.parent.iterdir()] == ["apptainer"]


def test_only_wanted_packages_of_a_resolution_are_taken() -> None:
    found = debs.chosen(parse_uris(URIS), frozenset({"apptainer", "zlib1g"}))
    assert [(deb.name, deb.version) for deb in found] == [
        ("apptainer", "1.4.5-2"),
        ("zlib1g", "1:1.3"),
    ]
    assert found[0].sha256 == "a" * 64


def test_package_that_the_index_lacks_is_named() -> None:
    with pytest.raises(UnavailableError, match="fuse3"):
        debs.chosen(parse_uris(URIS), frozenset({"apptainer", "fuse3"}))


def test_root_gets_the_capabilities_that_the_machine_has() -> None:
    status = "Name:\tpython\nCapEff:\t0000000000000000\nCapBnd:\t000001fffeffffff\n"
    allowed = bounding_set(status)
    assert len(allowed) == len(CAPABILITIES) - 1
    assert "CAP_SYS_RESOURCE" not in allowed
    assert allowed[0] == "CAP_CHOWN"
    assert allowed[-1] == "CAP_CHECKPOINT_RESTORE"


def test_option_is_changed_in_place_or_added() -> None:
    text = "# systemd cgroups = yes\nsystemd cgroups = yes\nmount home = yes\n"
    changed = set_option(text, "systemd cgroups", "no")
    assert changed == "# systemd cgroups = yes\nsystemd cgroups = no\nmount home = yes\n"
    assert "new key = 1" in set_option(text, "new key", "1")


def test_configuration_stays_valid_for_this_machine(tmp_path: Path) -> None:
    (tmp_path / "apptainer.conf").write_text("root default capabilities = full\n")
    (tmp_path / "capability.json").write_text("")
    configure(tmp_path)
    if "capabilities = file" in (tmp_path / "apptainer.conf").read_text():
        assert json.loads((tmp_path / "capability.json").read_text())["users"]["root"]
