"""A program beside another one: none of its output is lost, and it ends with the other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hpcpy.testing.beside import beside
from running import wait_until


def test_what_it_printed_comes_when_asked_for(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    # More than a pipe holds, then a line on stderr; flushed, so that they have an order.
    code = """
import sys
print("x" * 200_000, flush=True)
print("y", file=sys.stderr)
sys.exit(3)
"""
    with beside([sys.executable, "-c", code]) as show:
        assert capfdbinary.readouterr().out == b""
        assert show() == 3
    assert capfdbinary.readouterr().out == b"x" * 200_000 + b"\ny\n"


def test_what_comes_later_is_shown_too(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with beside(["sh", "-c", "echo first; sleep 0.5; echo second"]) as show:
        assert show() == 0
    assert capfdbinary.readouterr().out == b"first\nsecond\n"


def interrupted(program: list[str], told: Path) -> None:
    """Run a program until it has made a file, then raise KeyboardInterrupt."""
    with beside(program):
        wait_until(told.exists)
        raise KeyboardInterrupt


def test_it_ends_with_what_it_is_beside(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    script = f"echo $$ >'{told}.new' && mv '{told}.new' '{told}' && exec sleep 600"
    with pytest.raises(KeyboardInterrupt):
        interrupted(["sh", "-c", script], told)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
