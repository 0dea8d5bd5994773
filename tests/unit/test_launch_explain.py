"""One line says which rank has died where, and what it said last."""

from __future__ import annotations

import pytest

from hpcpy.launch.explain import explained, own_code


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        (
            "ValueError: no\nsrun: error: n2: task 3: Exited with exit code 1\n"
            "slurmstepd: error: *** STEP 4.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"
            "srun: error: n1: tasks 0-1: Terminated\n",
            "rank 3 on n2: Exited with exit code 1; last on stderr: ValueError: no",
        ),
        (
            "srun: error: n1: tasks 0-1: Terminated\nsrun: error: n2: task 3: Killed\n",
            "rank 3 on n2: Killed",
        ),
        (
            "Abort(9) on node 2 (rank 2 in comm 0): x\nlater\n"
            "srun: error: n2: task 2: Exited with exit code 9\n",
            "rank 2 on n2: Exited with exit code 9; "
            "last on stderr: Abort(9) on node 2 (rank 2 in comm 0): x",
        ),
        (
            "ImportError: x\nhpcpy: rank 1 on n1: exit code 1\nsrun: error: n1: task 1: Killed\n",
            "rank 1 on n1: exit code 1; last on stderr: ImportError: x",
        ),
        (
            "Abort(7) on node 3 (rank 3 in comm 0): lost\nmore: \n"
            "srun: error: n1: task 0: Killed\n",
            "rank 0 on n1: Killed; last on stderr: Abort(7) on node 3 (rank 3 in comm 0): lost",
        ),
        (
            "srun: error: n1: tasks [0,2-3]: Segmentation fault\n",
            "ranks 0,2-3 on n1: Segmentation fault",
        ),
        (
            "slurmstepd: error: execve(): podman-hpc: No such file or directory\n"
            "srun: error: n1: task 0: Exited with exit code 2\n",
            "a node has no program podman-hpc",
        ),
        (
            "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***\n"
            "srun: error: n1: task 0: Terminated\n",
            "the job's time is over; ask for more: TIME=HH:MM:SS",
        ),
        (
            "srun: error: Unable to allocate resources: Invalid qos specification\n",
            "Slurm gives no job: Invalid qos specification",
        ),
        (
            "srun: fatal: Could not establish a configuration source\n",
            "no Slurm controller answers; `make cluster` starts one here, which SITE=local takes",
        ),
        (
            "srun: error: n1: task 1: Terminated\n"
            "slurmstepd-n1: error: *** STEP 1.0 ON n1 CANCELLED AT x DUE TO NODE FAILURE ***\n",
            "a node of the job has failed; sinfo --Node --states=down names it",
        ),
        (
            "sh: 1: exec: podman-hpc: not found\n"
            "srun: error: n1: task 0: Exited with exit code 127\n",
            "a node has no program podman-hpc",
        ),
        (
            # What a rank prints explains nothing but its own death.
            "ValueError: invalid MPI datatype\nKeyError: Node failure on n9\n"
            "srun: error: n1: task 0: Exited with exit code 1\n",
            "rank 0 on n1: Exited with exit code 1; last on stderr: KeyError: Node failure on n9",
        ),
        ("srun: error: something new\n", "something new"),
        ("a program's last words\n", "a program's last words"),
        ("", "exit code 3"),
    ],
)
def test_the_end_is_explained_in_one_line(stderr: str, line: str) -> None:
    assert explained(stderr, 3) == line


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("rank 3 on n2: Exited with exit code 2; last on stderr: exit code 9", 2),
        ("ranks 0,2-3 on n1: exit code 69", 69),
        ("rank 0 on n1: Killed; last on stderr: rank 1 on n2: exit code 5", 143),
        ("Slurm gives no job: x", 143),
        ("no Slurm controller answers; x", 69),
    ],
)
def test_the_exit_code_is_the_named_ranks(line: str, code: int) -> None:
    assert own_code(line, 143) == code
