"""Our C, built with sanitizers and fed by hypothesis, in `make test-long`.

A fuzzer's program (`drivers/fuzz_*.c`) includes the C file that it tests, and answers one case
after another: only after a failure does a case cost the start of a process.
"""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

INTERP = Path(__file__).parents[2] / "src/interp"
DRIVERS = Path(__file__).parent / "drivers"
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# The cases that a test draws, in per cent of the usual ones; with it, others in each run.
CASES = "HPCPY_FUZZ_CASES"


def cases(short: int) -> settings:
    """Return the settings of a test that draws `short` cases, always the same."""
    asked = os.environ.get(CASES)
    return settings(
        max_examples=max(1, short * int(asked or 100) // 100),
        derandomize=asked is None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def compiled(program: Path, source: Path, options: tuple[str, ...] = SANITIZED) -> Path:
    """Compile a C program for this machine, and return its path; skip the test without gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    strict = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
    rooms = [f"-I{INTERP}/{room}" for room in ("start", "importer", "mpi", "blas")]
    folders = (*rooms, f"-I{DRIVERS}")
    subprocess.run([gcc, *strict, *options, *folders, source, "-o", program], check=True)
    return program


class Driver:
    """A fuzzer's program, which is started again after a case has ended it."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this

    def ask(self, *fields: bytes) -> bytes:
        """Return the answer to a case; what a sanitizer finds fails the test."""
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                [self._program], stdin=pipe, stdout=pipe, stderr=self._said
            )
        given, got = self._process.stdin, self._process.stdout
        assert given
        assert got
        case = b"".join(struct.pack("<I", len(one)) + one for one in fields)
        given.write(struct.pack("<I", len(fields)) + case)
        given.flush()
        size = got.read(4)
        if len(size) < 4:
            self.end()
            pytest.fail("the program ended without an answer")
        return got.read(struct.unpack("<I", size)[0])

    def end(self) -> None:
        """End the program; an exit code, a leak or any other line on stderr fails the test."""
        if self._process is None:
            return
        self._process.communicate()
        code, self._process = self._process.returncode, None
        self._said.seek(0)
        said = self._said.read().decode(errors="replace")
        # Where the next program begins to write.
        self._said.seek(0)
        self._said.truncate()
        if code or said:
            pytest.fail(f"exit code {code}: {said}")


@contextmanager
def driver(folder: Path, name: str) -> Iterator[Driver]:
    """Compile `drivers/fuzz_NAME.c` with sanitizers, and yield its driver."""
    found = Driver(compiled(folder / name, DRIVERS / f"fuzz_{name}.c"))
    yield found
    found.end()


def text(value: str | bytes) -> bytes:
    return (value if isinstance(value, bytes) else value.encode()) + b"\0"
