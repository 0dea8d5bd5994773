"""A login shell finds Python and mpiexec: /etc/profile sets PATH anew."""

from __future__ import annotations

import os

import pytest

from running import run

ASK = (
    "for program in python python3 mpiexec hydra_pmi_proxy; do command -v $program; done; "
    "python -c 'import numpy; print(1)'"
)
FOUND = "/opt/hpcpy/bin/python /opt/hpcpy/bin/python3 /opt/mpich/bin/mpiexec"
# Whose files it would read.
NOBODY = {"HOME": "/nonexistent"}


@pytest.mark.parametrize(("shell", "given"), [("bash", {}), ("sh", {"PATH": os.environ["PATH"]})])
def test_a_login_shell_finds_python_and_mpi(shell: str, given: dict[str, str]) -> None:
    done = run(f"/bin/{shell}", "-l", "-c", ASK, env={**NOBODY, **given})
    expected = [*FOUND.split(), "/opt/mpich/bin/hydra_pmi_proxy", "1"]
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, expected, "")


def test_a_login_shell_still_finds_what_debians_profile_names() -> None:
    command = ["/bin/bash", "-l", "-c", "echo $PATH"]
    done = run(*command, env=NOBODY, check=True)
    folders = done.stdout.strip().split(":")
    assert folders[:2] == ["/opt/hpcpy/bin", "/opt/mpich/bin"]
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(folders)
