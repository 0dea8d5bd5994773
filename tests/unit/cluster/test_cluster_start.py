"""Who may start a cluster, what it is called and reads, what ends with it."""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy.cluster import command
from hpcpy.cluster.layout import CONTROLLER, NODES, Layout
from hpcpy.cluster.machines import free_network
from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy_common.errors import DiskError, UnavailableError, UsageError


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    one = Layout(tmp_path / "cluster")
    assert not one.run.exists()
    yield one
    assert not one.run.exists()


def test_ordinary_user_is_told_what_an_administrator_would_type(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnavailableError) as caught:
        command.start(layout)
    assert caught.value.exit_code == 69
    assert "only root may make" in str(caught.value)
    assert "an administrator would type: sudo make cluster" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not layout.folder.exists()


def test_a_folder_that_cannot_be_written_asks_for_another() -> None:
    with pytest.raises(DiskError, match=r"cannot be written .*; name another folder: .* --folder"):
        run(["cluster", "--folder=/proc/x/c"])


@pytest.mark.parametrize("words", [(), ("--stop",), ("--status",)])
def test_somebodys_folder_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="blank"):
        run(["cluster", f"--folder={tmp_path / 'a b'}"])
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not a cluster's folder"):
        run(["cluster", *words, f"--folder={tmp_path}"])
    assert (tmp_path / "thesis.tex").exists()


def test_a_folder_is_one_cluster_however_it_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `--stop` by another name removed the folder, and root's daemons ran for ever.
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/link").symlink_to("../cluster")
    monkeypatch.chdir(tmp_path / "beside")
    spelled = ("../cluster", "link", "link/", "../beside/../cluster/.", f"{tmp_path}//cluster/")
    assert {Layout(Path(name)) for name in spelled} == {Layout(tmp_path / "cluster")}


def test_a_moved_folder_stays_while_its_cluster_lives(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.folder.mkdir()
    layout.mark.write_bytes(bytes(layout.folder))
    moved = layout.folder.rename(layout.folder.with_name("moved"))
    with monkeypatch.context() as patch:
        patch.setattr(Layout, "run", property(lambda _: moved))
        with pytest.raises(UsageError, match=rf"moved .*--folder={layout.folder}"):
            run(["cluster", "--stop", f"--folder={moved}"])
    assert moved.exists()


# `clean` starts `hpcpy cluster --stop`, and ends as that does.
@pytest.mark.parametrize("stop", [("cluster", "--stop", "--folder={}"), ("clean", "--all")])
@pytest.mark.parametrize("made", ["as a file", "as a folder"])
def test_what_a_reboot_left_of_a_cluster_goes_wherever_it_was_moved(
    layout: Layout, stop: tuple[str, ...], made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", layout.folder.parent)
    (layout.folder / "logs").mkdir(parents=True)
    if made == "as a file":
        layout.mark.write_bytes(bytes(layout.folder))
    else:
        layout.mark.mkdir()
    moved = layout.folder.rename(layout.folder.with_name("moved"))
    words = [word.format(moved) for word in stop]
    if made == "as a folder" and stop[0] == "cluster":
        with pytest.raises(UsageError, match="not a cluster's folder"):
            run(words)
    else:
        assert run(words) == 0
        assert not moved.exists()


DEEP = Layout(Path("/scratch") / "/".join(["a-folder-with-a-name"] * 9) / "build/cluster")


def test_names_fit_whatever_folder_it_lies_in() -> None:
    # The kernel's limits for sockets and devices; slurmstepd's socket is
    # below the spool folder: n1_<job>.<step>.
    assert len(str(DEEP.socket)) < 108
    assert len(f"{DEEP.run}/n1/spool/n1_4294967295.4294967295") < 108
    for name in (CONTROLLER, *NODES):
        assert len(DEEP.cable(name)) <= 15


def test_a_network_that_is_routed_is_passed_over() -> None:
    for routed, key, taken in (
        ((), "00000000", "198.18.0.0/24"),
        (("198.18.0.0/24",), "00000000", "198.18.1.0/24"),
        (("198.18.0.0/16",), "00000000", "198.19.0.0/24"),
        ((), "ffffffff", "198.19.255.0/24"),
    ):
        assert str(free_network(map(ipaddress.IPv4Network, routed), key)) == taken
    with pytest.raises(UnavailableError, match=r"198\.18"):
        free_network([ipaddress.IPv4Network("198.18.0.0/15")], "00000000")
