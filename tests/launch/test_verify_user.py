"""The second build of `make verify` is another user's, on another machine as far as it can see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy.build.elsewhere import Elsewhere, elsewhere

TELL = """
import json, os, pathlib, pwd, socket
pathlib.Path("build/made").mkdir()
pathlib.Path(os.environ["HPCPY_CACHE"], "hpcpy/made").mkdir(parents=True)
told = {
    "name": pwd.getpwuid(os.getuid()).pw_name,
    "folder": os.getcwd(),
    "umask": os.umask(0),
    "machine": socket.gethostname(),
    "server": pathlib.Path("/etc/resolv.conf").read_text().splitlines()[-1],
}
print(json.dumps(told))
"""
FILES = [Path("/etc") / name for name in ("passwd", "group", "subuid", "subgid", "resolv.conf")]

if os.geteuid() != 0:
    pytest.skip("not root: the second build is the same user's", allow_module_level=True)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "a folder"
    folder.mkdir()
    with elsewhere(folder) as made:
        yield made


def test_root_builds_again_as_a_user_whom_the_machine_does_not_know(other: Elsewhere) -> None:
    if "user" not in other.told:
        pytest.skip("no user namespace with ids of its own here")
    before = [path.read_bytes() for path in FILES]
    done = subprocess.run(
        [*other.prefix, sys.executable, "-c", TELL],
        env={**os.environ, **other.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "name": "elsewhere",
        "folder": "/mnt/another/checkout",
        "umask": 0o077,
        "machine": "elsewhere",
        "server": "# elsewhere",
    }
    assert (other.checkout / "build/made").stat().st_uid != 0
    assert [path.read_bytes() for path in FILES] == before


def test_its_exit_code_is_the_commands(other: Elsewhere) -> None:
    done = subprocess.run([*other.prefix, "sh", "-c", "exit 7"], check=False)
    assert done.returncode == 7
