"""Packages of daemons are installed without a daemon started, now or at boot."""

import os
import subprocess
from pathlib import Path

import pytest

from hpcpy.engine import setup
from running import executable, run


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without policy, with one service and an update-rc.d that logs."""
    monkeypatch.setattr(setup, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(setup, "INIT_SCRIPTS", tmp_path / "init.d")
    (tmp_path / "init.d").mkdir()
    (tmp_path / "init.d/munge").touch()
    (tmp_path / "disabled").touch()
    text = f'#!/bin/sh\necho "$@" >> {tmp_path}/disabled\n'
    tool = executable(tmp_path / "bin/update-rc.d", text)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def answer(policy: Path) -> int:
    return run(policy, "munge", "start").returncode


def test_no_service_starts_now_nor_a_new_one_at_boot(machine: Path) -> None:
    with setup.no_daemon_starts():
        assert answer(machine / "policy-rc.d") == 101
        (machine / "init.d/slurmd").touch()
    assert not (machine / "policy-rc.d").exists()
    assert (machine / "disabled").read_text() == "slurmd disable\n"


def test_a_failed_installation_leaves_no_policy(machine: Path) -> None:
    with pytest.raises(KeyboardInterrupt), setup.no_daemon_starts():
        raise KeyboardInterrupt
    assert not (machine / "policy-rc.d").exists()


def test_what_a_kill_leaves_forbids_nothing_and_is_removed(machine: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    policy = executable(machine / "policy-rc.d", setup.policy(dead.pid))
    assert answer(policy) == 0
    with setup.no_daemon_starts():
        assert answer(policy) == 101
    assert not policy.exists()


def test_an_administrators_policy_stays(machine: Path) -> None:
    policy = executable(machine / "policy-rc.d", "#!/bin/sh\nexit 104\n")
    with setup.no_daemon_starts():
        assert answer(policy) == 104
    assert answer(policy) == 104
