"""Tests look through all processes of the machine: a stranger's may be of any bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import proc_files


def test_arguments_that_are_no_text_are_read() -> None:
    odd = os.fsdecode(b"\xff.json")
    command = [sys.executable, "-c", "print(flush=True); input()", odd]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        # Its arguments are there when it runs, not when it is started.
        process.stdout.readline()
        words = proc_files.read(Path(f"/proc/{process.pid}/cmdline")).split("\0")
        assert any(odd in other for other in proc_files.commands())
    finally:
        process.communicate(b"\n")
    assert words[-2] == odd
