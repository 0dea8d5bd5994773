"""One line says which rank has died where, and what it said last."""

import pytest

from hpcpy.launch.explain import exit_code_of, explain


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
            "srun: error: n1: tasks [0,2-3]: Segmentation fault\n",
            "ranks 0,2-3 on n1: Segmentation fault",
        ),
        (
            "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***\n"
            "srun: error: n1: task 0: Terminated\n",
            "the job's time is over; ask for more: TIME=HH:MM:SS",
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
            # What a rank prints explains nothing but its own death.
            "ValueError: invalid MPI datatype\nKeyError: Node failure on n9\n"
            "srun: error: n1: task 0: Exited with exit code 1\n",
            "rank 0 on n1: Exited with exit code 1; last on stderr: KeyError: Node failure on n9",
        ),
        (
            # A user cancels a job that hangs since a rank has died.
            "srun: error: n1: task 0: Exited with exit code 3\n"
            "slurmstepd-n1: error: *** STEP 31.0 ON n1 CANCELLED AT 2026-11-25T17:37:29 ***\n"
            "srun: error: n2: task 1: Terminated\nsrun: Force Terminated StepId=31.0\n",
            "rank 0 on n1: Exited with exit code 3",
        ),
        (
            "srun: job 37 queued and waiting for resources\nsrun: Job has been cancelled\n"
            "srun: error: Unable to allocate resources: Job/step already completing or completed\n",
            "the job was cancelled while it waited",
        ),
        (
            "salloc: Granted job allocation 39\n"
            "sbcast: error: REQUEST_FILE_BCAST(n2): No such file or directory\n"
            "salloc: Relinquishing job allocation 39\n",
            "no copy of the image on n2: No such file or directory; "
            "STAGE=1 copies to the site's node_local",
        ),
        (
            "salloc: Granted job allocation 39\nLmod: no module named apptainer\n"
            "salloc: Relinquishing job allocation 39\n",
            "Lmod: no module named apptainer",
        ),
        ("srun: error: something new\n", "something new"),
        ("", "exit code 3"),
    ],
)
def test_the_end_is_explain_in_one_line(stderr: str, line: str) -> None:
    assert explain(stderr, 3) == line


PLAIN = """\
Traceback (most recent call last):
  File "my.py", line 9, in <module>
    rank_1 = run()  # rank 1
"""


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (f"{PLAIN}pkg.mod.OwnError: one\ntwo\n  three\n", "pkg.mod.OwnError: one"),
        (
            f"{PLAIN}KeyError: 'a'\n\nDuring handling of the above exception, another exception "
            f"occurred:\n\n{PLAIN}RuntimeError: b\nhint: c\n",
            "RuntimeError: b",
        ),
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "my.py", line 1, in <module>\n'
            "  | ExceptionGroup: several (1 sub-exception)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "my.py", line 2, in one\n'
            "    | ValueError: a\n    +------------------------------------\n",
            "ValueError: a",
        ),
        (
            f"{PLAIN}ValueError: caught\nAbort(9) on node 1 (rank 1 in comm 0): Fatal error\n",
            "Abort(9) on node 1 (rank 1 in comm 0): Fatal error",
        ),
    ],
)
def test_an_exceptions_own_line_is_told(said: str, line: str) -> None:
    death = "srun: error: n1: task 1: Exited with exit code 1\n"
    assert (
        explain(said + death, 1) == f"rank 1 on n1: Exited with exit code 1; last on stderr: {line}"
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("rank 3 on n2: Exited with exit code 2; last on stderr: exit code 9", 2),
        ("ranks 0,2-3 on n1: exit code 69", 69),
        ("rank 0 on n1: Killed; last on stderr: rank 1 on n2: exit code 5", 143),
        ("Slurm gives no job: x", 143),
        ("Slurm has no such kind of MPI; x", 2),
    ],
)
def test_the_exit_code_is_the_named_ranks(line: str, code: int) -> None:
    assert exit_code_of(line, 143) == code
