"""The second build of `make verify` runs as another user, and the machine stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.build.elsewhere import elsewhere

TELL = """
import json, os, pathlib, pwd, sys
pathlib.Path("build").mkdir()
pathlib.Path(os.environ["HPCPY_CACHE"], "hpcpy/made").mkdir(parents=True)
print(json.dumps([os.getuid(), pwd.getpwuid(os.getuid()).pw_name, os.getcwd(), os.umask(0)]))
"""
pytestmark = pytest.mark.skipif(
    not shutil.which("disorderfs"), reason="no disorderfs; on Debian: apt-get install disorderfs"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: the second build is the same user's")
def test_root_builds_again_as_a_user_whom_the_machine_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "verify"
    folder.mkdir()
    before = Path("/etc/passwd").read_bytes()
    with elsewhere(folder) as other:
        if "user" not in other.told:
            pytest.skip("no user namespace with ids of its own here; apt-get install uidmap")
        done = subprocess.run(
            [*other.prefix, sys.executable, "-c", TELL],
            env={**os.environ, **other.env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        user, name, where, umask = json.loads(done.stdout)
        assert (name, where, umask) == ("elsewhere", "/mnt/another/checkout", 0o077)
        assert user != 0
        assert (other.checkout / "build").stat().st_uid == user
    assert Path("/etc/passwd").read_bytes() == before
