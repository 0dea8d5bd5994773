"""Which tool is taken, that on PATH if it is recent or else ours, from a prefix that is whole."""

import os
import resource
import sys
import tomllib
from pathlib import Path

import pytest
from processes import environment, read_only

from hpcpy.core import paths
from hpcpy.core.files import relink
from hpcpy.engine import podman, prefix, setup, tools
from hpcpy.engine.tools import all_tools, on_path, userns_remedy
from hpcpy_common.errors import UnavailableError, UsageError
from running import executable, run

APPTAINER = next(tool for tool in all_tools() if tool.program == "apptainer")


def program(folder: Path, name: str, prints: str) -> Path:
    """Write a program that prints the same for any arguments."""
    return executable(folder / name, f"#!/bin/sh\necho '{prints}'\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine whose PATH is one folder, and a checkout without tools."""
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(tools, "SBIN", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_a_recent_apptainer_on_path_is_used_else_our_own(machine: Path) -> None:
    path = program(machine / "bin", "apptainer", "apptainer version 1.10.2")
    assert setup.look_up([APPTAINER])["apptainer"].path == path
    program(machine / "bin", "apptainer", "apptainer version 1.3.6")
    assert setup.look_up([APPTAINER]) == {}
    own = program(machine / "tools/bin", "apptainer", "apptainer version 1.4.5")
    prefix.prefix().mkdir()
    (prefix.prefix() / "stamp").write_text(prefix.stamp())
    assert setup.look_up([APPTAINER])["apptainer"].path == own


@pytest.mark.parametrize("localtime", [True, False])
def test_a_machine_without_localtime_starts_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, localtime: bool
) -> None:
    # Alpine has none, and Apptainer ends where it cannot mount what its configuration names.
    monkeypatch.setattr(Path, "exists", lambda path: localtime or path.name != "localtime")
    binds = "bind path = /etc/localtime\n", "bind path = /etc/hosts\n"
    (tmp_path / "apptainer.conf").write_text("".join(binds))
    prefix.configure(tmp_path)
    made = (tmp_path / "apptainer.conf").read_text()
    assert [bind in made for bind in binds] == [localtime, True]


def test_what_lies_on_path_may_be_no_tool(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(machine / "bin/apptainer", "#!/nonexistent/interpreter\n")
    found = on_path(APPTAINER)
    assert found is not None
    assert not found.usable
    # It tells another program's version, too.
    lines = "echo 'fusermount3 version: 3.14.0'\necho 'fuse-overlayfs: version 1.10'\n"
    overlay = executable(machine / "bin/fuse-overlayfs", f"#!/bin/sh\n{lines}")
    assert str(tools.program_version(overlay)) == "1.10"
    # Our own wrapper is not the host's podman.
    program(machine / "tools/bin", "podman", "podman version 4.3.1")
    monkeypatch.setenv("PATH", str(machine / "tools/bin"))
    assert on_path(next(tool for tool in all_tools() if tool.program == "podman")) is None


@pytest.mark.parametrize(("user", "refused"), [(0, False), (1000, True)])
def test_apptainer_below_a_blank_mounts_nothing_without_root(
    machine: Path, monkeypatch: pytest.MonkeyPatch, user: int, refused: bool
) -> None:
    # It fails after ten seconds, or hangs; a build before that would take a quarter of an hour.
    monkeypatch.setattr(paths, "TOOLS", machine / "my codes")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    program(machine / "my codes/bin", "apptainer", "apptainer version 1.4.5")
    monkeypatch.setattr(prefix, "is_ready", lambda: True)
    monkeypatch.setattr(setup, "needed", lambda _: [APPTAINER])
    if refused:
        with pytest.raises(UsageError, match=r"Apptainer .* blank in it: .*my codes"):
            setup.ensure("apptainer")
    else:
        assert setup.ensure("apptainer")["apptainer"].path.parent == machine / "my codes/bin"


def test_wrapper_hands_on_variables_and_words_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "TOOLS", tmp_path / 'it\'s "a" b/tools')
    text = '#!/bin/sh\nprintf "%s\\n" "$CONTAINERS_CONF" "$@"\n'
    program = executable(tmp_path / "it's `podman`", text)
    value = str(tmp_path / "it's $HOME/containers.conf")
    podman.write_wrapper(str(program), {"CONTAINERS_CONF": value})
    wrapper = paths.TOOLS / "bin/podman"
    done = run(wrapper, "a b", "$c", check=True)
    assert done.stdout.splitlines() == [value, "a b", "$c"]


@pytest.mark.parametrize("hard", [512, resource.RLIM_INFINITY])
def test_limits_in_a_container_are_never_above_the_hosts(
    hard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (hard, hard))
    conf = tomllib.loads(podman.containers_conf())
    for limit in conf["containers"]["default_ulimits"]:
        soft, most = map(int, limit.split("=")[1].split(":"))
        assert soft <= most
        assert hard == resource.RLIM_INFINITY or most <= hard


@pytest.mark.parametrize(
    ("sysctl", "value", "cure"),
    [
        ("kernel/unprivileged_userns_clone", 0, 1),
        ("kernel/apparmor_restrict_unprivileged_userns", 1, 0),
        ("user/max_user_namespaces", 0, 10000),
        ("none", 0, None),
    ],
)
def test_remedy_names_the_sysctl_that_forbids(
    sysctl: str, value: int, cure: int | None, tmp_path: Path
) -> None:
    (tmp_path / sysctl).parent.mkdir(exist_ok=True)
    (tmp_path / sysctl).write_text(f"{value}\n")
    remedy = f"sysctl -w {sysctl.replace('/', '.')}={cure}" if cure is not None else ""
    assert userns_remedy(tmp_path) == remedy


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout whose prefix looks whole."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    text = "#!/bin/sh\necho apptainer version 1.4.5\n"
    program = executable(prefix.prefix() / "usr/bin/apptainer", text)
    relink(prefix.command(), program)
    (prefix.prefix() / "stamp").write_text(prefix.stamp())
    return tmp_path


def test_prefix_of_a_moved_checkout_is_made_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "build").rename(checkout / "moved")
    monkeypatch.setattr(paths, "TOOLS", checkout / "moved/tools")
    assert prefix.command().exists()
    assert not prefix.is_ready()
    # As after a kill.
    prefix.command().unlink()
    assert not prefix.is_ready()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tools, "SBIN", ())
    with pytest.raises(UnavailableError, match=r"no Apptainer .*make setup, or name the site's"):
        prefix.find_apptainer()


def test_a_user_without_a_name_is_not_told_that_apptainer_is_missing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = "#!/bin/sh\necho 'FATAL: unknown userid 54321' >&2\nexit 255\n"
    executable(machine / "bin/apptainer", fails)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    says = "unknown userid 54321: this user has no passwd entry; be a user who has one, or have"
    for find in (prefix.find_apptainer, lambda: setup.ensure("apptainer")):
        with pytest.raises(UnavailableError, match=says):
            find()


READER = """
import os, sys
from pathlib import Path
from hpcpy.core import paths
from hpcpy.engine import setup, tools
from hpcpy.core.files import relink
from hpcpy_common.errors import UnavailableError
paths.BUILD = Path(sys.argv[1])
paths.TOOLS = paths.BUILD / "tools"
tools.SBIN = ()
os.environ["PATH"] = ""
try:
    setup.ensure("apptainer")
except UnavailableError as error:
    print(error)
"""


def test_who_cannot_write_a_copied_checkout_is_told_what_to_do(checkout: Path) -> None:
    build = (checkout / "build").rename(checkout / "moved")
    done = run(*read_only(build), sys.executable, "-c", READER, build, env=environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert ".lock" not in done.stdout
    assert done.stdout.endswith("; its owner types make setup, or put one on PATH\n")
