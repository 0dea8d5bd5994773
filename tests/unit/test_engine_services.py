"""Packages of daemons are installed without a daemon started, now or at boot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hpcpy.engine import services


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without policy, with one service and an update-rc.d that logs."""
    monkeypatch.setattr(services, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(services, "INIT_SCRIPTS", tmp_path / "init.d")
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
    with services.held_back():
        assert answer(machine / "policy-rc.d") == 101
    assert not (machine / "policy-rc.d").exists()


def test_new_services_do_not_start_at_boot_and_old_ones_stay(machine: Path) -> None:
    with services.held_back():
        (machine / "init.d/slurmd").touch()
    assert (machine / "disabled").read_text() == "slurmd disable\n"


def test_what_a_kill_leaves_forbids_nothing_and_is_removed(machine: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    policy = machine / "policy-rc.d"
    policy.write_text(services.policy(dead.pid))
    policy.chmod(0o755)
    assert answer(policy) == 0
    with services.held_back():
        assert answer(policy) == 101
    assert not policy.exists()


def test_an_administrators_policy_stays(machine: Path) -> None:
    policy = machine / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n")
    policy.chmod(0o755)
    with services.held_back():
        assert answer(policy) == 104
    assert answer(policy) == 104
