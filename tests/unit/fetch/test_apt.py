"""The private apt: it takes the mirror from the machine, and nothing else."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hpcpy.commands import run as run_hpcpy
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.fetch.apt import PrivateApt
from hpcpy.pins.model import DebianSuite
from running import run

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt on this machine")
MIRRORS = {"debian": "http://mirror.invalid/debian"}


WRONG = (
    "foo",
    "ftp://mirror.invalid/debian",
    "http://m.invalid/debian main\ndeb x",
    "http://[::1/",
)


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("text", WRONG)
def test_mirror_that_is_no_address_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", text)
    with pytest.raises(UsageError, match="is not an address of a mirror; it is one such") as caught:
        run_hpcpy(["fetch"])
    assert "\n" not in str(caught.value)


def test_missing_mirror_is_named_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"debian-security.*HPCPY_DEBIAN_MIRROR"):
        PrivateApt(tmp_path, (DebianSuite("debian-security", "stable-security"),), MIRRORS, "amd64")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def private(tmp_path: Path) -> PrivateApt:
    try:
        return PrivateApt(tmp_path / "apt", (DebianSuite("debian", "stable"),), MIRRORS, "arm64")
    except UnavailableError as error:
        pytest.skip(str(error))


@needs_apt
def test_configuration_leaves_the_hosts_packages_and_hooks_out(private: PrivateApt) -> None:
    shown = dict(
        line.rstrip(";").split(" ", 1)
        for line in private.output("apt-config", "dump").splitlines()
        if " " in line
    )
    for name in ("Dir::State", "Dir::State::lists", "Dir::State::status", "Dir::Cache"):
        assert shown[name].startswith(f'"{private.folder}')
    assert shown["APT::Architecture"] == '"arm64"'
    assert not [name for name in shown if "Invoke" in name and shown[name] != '""']
    command = ("apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)")
    listed = run(*command, env=private.env, check=True)
    assert set(listed.stdout.split()) == {f"{MIRRORS['debian']}/"}


def test_a_machine_without_apt_is_not_asked_for_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"^no apt-get here"):
        PrivateApt(tmp_path, (DebianSuite("debian", "stable"),), {}, "amd64")


def test_who_shares_the_lists_waits(private: PrivateApt) -> None:
    # apt itself ends where another one has its lock.
    script = f"mkdir {private.folder}/busy && sleep 0.3 && rmdir {private.folder}/busy"
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(private.output, ["sh"] * 3, ["-c"] * 3, [script] * 3)) == [""] * 3


@needs_apt
def test_failure_of_apt_is_its_first_error_line(private: PrivateApt) -> None:
    with pytest.raises(UnavailableError, match="apt-get download: E: ") as caught:
        private.output("apt-get", "download", "hpcpy-not-there")
    assert "\n" not in str(caught.value)
