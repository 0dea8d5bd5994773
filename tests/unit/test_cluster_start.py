"""Who may start a cluster, what a node does first, how its health is read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.cluster import command, health, processes
from hpcpy.cluster.layout import Layout, Network
from hpcpy.cluster.machines import machine_of
from hpcpy.cluster.node import ENGINE_FOLDER, MARK, OWN, Node, mount_commands, network_commands
from hpcpy.commands import run
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.stages import StageError, stage

NODE = Node(
    name="n1",
    address="198.18.7.11/24",
    gateway="198.18.7.1",
    folder="/run/x/n1",
    files=(("/etc/hosts", "/run/x/hosts"), ("/etc/resolv.conf", "/run/x/resolv.conf")),
    kept=("/srv/checkout",),
    daemons=(("/usr/sbin/slurmd", "-D"),),
    wanted=("",),
)


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


def test_ordinary_user_may_not_stop_it_either(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    layout.folder.mkdir()
    layout.mark.touch()
    with pytest.raises(UnavailableError, match="sudo make cluster-stop"):
        command.stop(layout)
    assert layout.mark.exists()


def test_stop_is_nothing_where_there_is_none(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run(["cluster", "--stop", f"--folder={layout.folder}"]) == 0
    assert "there is none" in capsys.readouterr().err


def test_status_of_none_is_1(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cluster", "--status", f"--folder={layout.folder}"]) == 1
    assert capsys.readouterr().out == "n1 unknown, n2 unknown\n"


def test_a_folder_with_a_blank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="blank"):
        run(["cluster", f"--folder={tmp_path / 'a b'}"])


@pytest.mark.parametrize("words", [(), ("--stop",)])
def test_somebodys_folder_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not a cluster's folder"):
        run(["cluster", *words, f"--folder={tmp_path}"])
    assert (tmp_path / "thesis.tex").exists()


def test_node_is_told_all_in_one_line() -> None:
    assert Node.from_json(NODE.to_json()) == NODE
    assert "\n" not in NODE.to_json()


def test_node_has_its_own_network_up_before_its_route() -> None:
    commands = network_commands(NODE)
    up = commands.index(["ip", "link", "set", "eth0", "up"])
    assert up < commands.index(["ip", "route", "add", "default", "via", NODE.gateway])


def mounted(node: Node, *there: str) -> list[tuple[str, ...]]:
    commands = mount_commands(node, frozenset(there))
    return [tuple(words) for words in commands if words[0] == "mount"]


def test_node_has_the_checkout_and_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # podman's images are in the cache, which may lie below /tmp.
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    layout, on = Layout(tmp_path / "cluster"), Network("198.18.7.0/24")
    layout.folder.mkdir()
    there = {str(paths.ROOT), str(layout.folder)}
    assert {*machine_of(layout, on, "n1", ()).kept} == there
    (tmp_path / "hpcpy").mkdir()
    assert {*machine_of(layout, on, "n1", ()).kept} == {*there, str(tmp_path / "hpcpy")}


def test_node_has_no_memory_files_or_addresses_of_the_machines() -> None:
    targets = [words[-1] for words in mounted(NODE, *OWN, "/dev/mqueue", "/etc/hosts")]
    for path in ("/tmp", "/dev/shm", "/dev/mqueue", "/sys", "/etc/hosts"):  # noqa: S108
        assert path in targets
    # A mount point that is not there is not made: the folder would stay.
    assert "/etc/resolv.conf" not in targets
    assert "/dev/mqueue" not in [words[-1] for words in mounted(NODE, *OWN)]


def test_the_engines_folder_is_on_the_nodes_own_file_system() -> None:
    commands = mount_commands(NODE, frozenset(OWN))
    made = commands.index(["mkdir", "-m", "700", ENGINE_FOLDER])
    own = next(i for i, words in enumerate(commands) if words[-2:] == ["tmpfs", "/tmp"])  # noqa: S108
    assert own < made
    assert not [words for words in mount_commands(NODE, frozenset()) if ENGINE_FOLDER in words]


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])  # noqa: S108
def test_a_checkout_below_a_folder_of_the_nodes_own_stays_in_sight(place: str) -> None:
    hidden = f"{place}/me/checkout"
    node = Node.from_json(NODE.to_json().replace("/srv/checkout", hidden))
    commands = mounted(node, *OWN)
    aside = next(words[-1] for words in commands if words[-2] == hidden)
    saved = commands.index(("mount", "--rbind", hidden, aside))
    covered = next(i for i, words in enumerate(commands) if words[-2:] == ("tmpfs", place))
    assert saved < covered < commands.index(("mount", "--rbind", aside, hidden))


def test_cgroups_are_back_in_the_new_sys() -> None:
    commands = mounted(NODE)
    saved = next(i for i, words in enumerate(commands) if words[-2] == "/sys/fs/cgroup")
    fresh = commands.index(("mount", "-t", "sysfs", "sysfs", "/sys"))
    again = next(i for i, words in enumerate(commands) if words[-1] == "/sys/fs/cgroup")
    assert saved < fresh < again


@pytest.mark.parametrize(
    ("listed", "good"),
    [
        ("n1 idle\nn2 idle\n", True),
        ("n1 allocated\nn2 mixed\n", True),
        ("n1 idle\nn2 completing\n", True),
        ("n1 idle\nn2 down*\n", False),
        ("n1 idle\nn2 idle*\n", False),
        ("n1 idle\nn2 drained\n", False),
        ("n1 idle\n", False),
        ("", False),
    ],
)
def test_health_is_what_slurm_says_of_every_node(listed: str, good: bool, layout: Layout) -> None:
    assert health.usable(layout, health.parse_states(listed)) is good


@pytest.mark.parametrize(
    ("listed", "said"),
    [("", "ctl does not answer"), ("n1 idle\nn2 down*\n", r"n2 is DOWN\*")],
)
def test_a_node_that_does_not_come_is_named_with_its_log(
    listed: str, said: str, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.logs.mkdir(parents=True)
    name = said.partition(" ")[0]
    layout.log(name).write_text("the reason\n")
    monkeypatch.setattr(health, "START_SECONDS", 0.0)
    monkeypatch.setattr(health, "states", lambda _: health.parse_states(listed))
    with (
        pytest.raises(StageError, match=rf"{said} after 0 s; its log: {layout.log(name)}"),
        stage("wait for it") as current,
    ):
        health.wait_until_usable(layout, [], current)
    assert "the reason" in current.log.read_text()


@pytest.mark.long
def test_processes_are_found_by_their_mark_and_ended(layout: Layout) -> None:
    # A process that outlives its parent is ended as well, and none of another cluster.
    program = "import subprocess, sys; subprocess.Popen(['sleep', '600'])"
    env = {**os.environ, MARK: str(layout.folder)}
    with subprocess.Popen(["sleep", "600"], env={**env, MARK: f"{layout.folder}-2"}) as other:
        try:
            subprocess.run([sys.executable, "-c", program], env=env, check=True)
            # During execve a process has no environment.
            end = time.monotonic() + 300
            while not list(processes.marked(layout)):
                assert time.monotonic() < end
            processes.end_all(layout)
            assert list(processes.marked(layout)) == []
            assert other.poll() is None
        finally:
            other.kill()


def test_a_controller_that_does_not_answer_has_not_said_there_is_no_job(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "squeue"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for text, found in (("exit 1", None), ("true", []), ("echo 7; echo 8", ["7", "8"])):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        assert health.jobs(layout) == found
