"""The second build of `make verify` is on another machine, as far as a build can see."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from hpcpy.build.elsewhere import _otherwise


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a machine another name")
def test_the_machine_has_another_name_and_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    prefix, told = _otherwise(folder)
    asked = ["sh", "-c", "hostname; tail -qn1 /etc/resolv.conf; umask"]
    done = subprocess.run([*prefix, *asked], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["elsewhere", "# elsewhere", "0077"]
    assert "host name and name server" in told
    # The machine itself keeps its own.
    assert socket.gethostname() != "elsewhere"
    assert "# elsewhere" not in Path("/etc/resolv.conf").read_text()
