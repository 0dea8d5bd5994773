"""What is said where packages may not be installed; daemons of those that are do not start."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine import setup, tools
from hpcpy.engine.tools import all_tools, needed
from hpcpy.launch.running import engine_program
from hpcpy.launch.site import Site
from hpcpy_common.errors import UnavailableError
from running import executable, run

BARE = [tool for tool in all_tools() if tool.provided == "apt"]


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine that has apt-get and nothing else."""
    apt = executable(tmp_path / "bin/apt-get", f"#!/bin/sh\ntouch {tmp_path}/apt-was-run\n")
    monkeypatch.setenv("PATH", str(apt.parent))
    monkeypatch.setattr(tools, "SBIN", ())
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    monkeypatch.delenv("SETUP", raising=False)
    return tmp_path


# What a machine has on PATH, SETUP, who types, what is asked for, and parts of the one line.
TYPED = "apt-get install --no-install-recommends buildah skopeo mmdebstrap"
REFUSED: dict[str, tuple[str, str, int, Callable[[], object], tuple[str, ...]]] = {
    "SETUP=no": (
        *("bin", "no", 0, lambda: setup.ensure("build")),
        ("SETUP=no forbids it", f"an administrator would type: {TYPED}"),
    ),
    "an ordinary user": (
        *("bin", "", 1000, lambda: setup.install(needed(["podman"]))),
        ("only root may", "apt-get install"),
    ),
    "without apt": (
        *("", "", 0, lambda: setup.install(needed(["build"]))),
        ("buildah >= 1.28", "not a Debian or Ubuntu"),
    ),
    "a launch": (
        *("bin", "", 0, lambda: engine_program("podman", Site("a", "site"), is_run=True)),
        ("missing: podman", "; run: make setup TOOLS=podman"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_installed_and_one_line_says_why(
    debian: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    path, variable, user, act, says = REFUSED[case]
    monkeypatch.setenv("PATH", str(debian / path))
    monkeypatch.setenv("SETUP", variable)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(UnavailableError) as caught:
        act()
    assert [part for part in says if part not in str(caught.value)] == []
    assert (caught.value.exit_code, "\n" in str(caught.value)) == (69, False)
    assert not (debian / "apt-was-run").exists()


def test_packages_are_listed_before_apt_runs(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(paths, "LOGS", debian / "build/logs")
    monkeypatch.setenv("PATH", f"{debian / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    setup.install(BARE)
    said = capfd.readouterr().err
    listed, done = said.index("SETUP=no forbids it"), said.index("install packages with apt-get")
    assert listed < said.index("buildah") < done
    assert (debian / "apt-was-run").exists()


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
    # A failed installation leaves no policy.
    with pytest.raises(KeyboardInterrupt), setup.no_daemon_starts():
        raise KeyboardInterrupt
    assert not (machine / "policy-rc.d").exists()


def test_what_a_kill_leaves_goes_and_an_administrators_policy_stays(machine: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    policy = executable(machine / "policy-rc.d", setup.policy(dead.pid))
    assert answer(policy) == 0
    with setup.no_daemon_starts():
        assert answer(policy) == 101
    assert not policy.exists()
    executable(policy, "#!/bin/sh\nexit 104\n")
    with setup.no_daemon_starts():
        assert answer(policy) == 104
    assert answer(policy) == 104
