"""Packages of daemons are installed without a daemon started, now or at boot."""

import os
import subprocess
from pathlib import Path

import pytest

from hpcpy.engine import setup


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without policy, with one service and an update-rc.d that logs."""
    monkeypatch.setattr(setup, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(setup, "INIT_SCRIPTS", tmp_path / "init.d")
    (tmp_path / "init.d").mkdir()
    (tmp_path / "init.d/munge").touch()
    (tmp_path / "disabled").touch()
    tool = tmp_path / "bin/update-rc.d"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/disabled\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def answer(policy: Path) -> int:
    return subprocess.run([policy, "munge", "start"], check=False).returncode


def test_no_service_starts_while_packages_are_installed(machine: Path) -> None:
    with setup.no_daemon_starts():
        assert answer(machine / "policy-rc.d") == 101
    assert not (machine / "policy-rc.d").exists()


def test_new_services_do_not_start_at_boot_and_old_ones_stay(machine: Path) -> None:
    with setup.no_daemon_starts():
        (machine / "init.d/slurmd").touch()
    assert (machine / "disabled").read_text() == "slurmd disable\n"


def test_a_failed_installation_leaves_no_policy(machine: Path) -> None:
    with pytest.raises(KeyboardInterrupt), setup.no_daemon_starts():
        raise KeyboardInterrupt
    assert not (machine / "policy-rc.d").exists()


def test_what_a_kill_leaves_forbids_nothing_and_is_removed(machine: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    policy = machine / "policy-rc.d"
    policy.write_text(setup.policy(dead.pid))
    policy.chmod(0o755)
    assert answer(policy) == 0
    with setup.no_daemon_starts():
        assert answer(policy) == 101
    assert not policy.exists()


def test_an_administrators_policy_stays(machine: Path) -> None:
    policy = machine / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n")
    policy.chmod(0o755)
    with setup.no_daemon_starts():
        assert answer(policy) == 104
    assert answer(policy) == 104
