"""One line says which rank has died where, and why; the exit code is that rank's."""

import pytest

from hpcpy.launch.explain import explain

CUT = "slurmstepd-n1: error: *** STEP 4.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"
PLAIN = """\
Traceback (most recent call last):
  File "my.py", line 9, in <module>
    rank_1 = run()  # rank 1
"""
OF_MPI = (
    f"{PLAIN}mpi4py.MPI.Exception: Other MPI error, error stack:\n"
    "internal_Barrier(84): MPI_Barrier(MPI_COMM_WORLD) failed\n"
)
ABORT = "application called MPI_Abort(MPI_COMM_WORLD, {0}) - process 1"
ABORTS = (
    f"Abort({{0}}) on node 1 (rank 0 in comm 3): {ABORT}\n{CUT}srun: error: n1: tasks 0-1: Killed\n"
)


def task(rank: int, how: str) -> str:
    return f"srun: error: n{1 + rank // 2}: task {rank}: {how}\n"


@pytest.mark.parametrize(
    ("stderr", "line", "code"),
    [
        (
            f"ValueError: no\n{task(3, 'Exited with exit code 1')}{CUT}{task(1, 'Terminated')}",
            "rank 3 on n2: Exited with exit code 1; last on stderr: ValueError: no",
            1,
        ),
        (task(1, "Terminated") + task(3, "Killed"), "rank 3 on n2: Killed", 137),
        (
            "Abort(9) on node 2 (rank 2 in comm 0): x\nlater\n"
            f"{task(2, 'Exited with exit code 9')}",
            "rank 2 on n2: Exited with exit code 9; "
            "last on stderr: Abort(9) on node 2 (rank 2 in comm 0): x",
            9,
        ),
        (
            f"ImportError: x\nhpcpy: rank 1 on n1: exit code 1\n{task(1, 'Killed')}",
            "rank 1 on n1: exit code 1; last on stderr: ImportError: x",
            1,
        ),
        (
            "srun: error: n1: tasks [0,2-3]: Segmentation fault (core dumped)\n"
            f"{task(1, 'Killed')}",
            "ranks 0,2-3 on n1: Segmentation fault (core dumped)",
            139,
        ),
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=4.0.\n"
            f"{task(0, 'Out Of Memory')}",
            "rank 0 on n1: Out Of Memory; ask for more: MEM=8G",
            137,
        ),
        # MPI raises an error on a dead rank's neighbour, before srun tells of the death.
        (
            f"{OF_MPI}hpcpy: rank 1 on n1: exit code 1\n{task(2, 'Exited with exit code 3')}{CUT}",
            "rank 2 on n2: Exited with exit code 3",
            3,
        ),
        (
            f"{OF_MPI}hpcpy: rank 1 on n1: exit code 1\n{CUT}{task(2, 'Killed')}",
            f"rank 1 on n1: exit code 1; last on stderr: {OF_MPI.splitlines()[3]}",
            1,
        ),
        (
            f"ValueError: a\nhpcpy: rank 1 on n1: exit code 1\n{task(2, 'Killed')}",
            "rank 1 on n1: exit code 1; last on stderr: ValueError: a",
            1,
        ),
        (
            f"hpcpy: rank 1 on n1: exit code 143\n{task(1, 'Killed')}",
            "rank 1 on n1: exit code 143",
            143,
        ),
        # A rank's own SIGTERM comes before Slurm's, that of a cancelled job after.
        (f"{task(1, 'Terminated')}{CUT}{task(0, 'Terminated')}", "rank 1 on n1: Terminated", 143),
        (
            f"{CUT}{task(1, 'Terminated')}{task(0, 'Killed')}",
            "a rank has called MPI_Abort, or the step was cancelled",
            143,
        ),
        (
            f"{CUT}{task(1, 'Killed')}{task(0, 'Exited with exit code 7')}",
            "rank 0 on n1: Exited with exit code 7",
            7,
        ),
        (
            f"{CUT}srun: error: task 2 launch failed: Unspecified error\n{task(0, 'Killed')}",
            "Slurm could not start rank 2: Unspecified error; slurmd's log on its node has more",
            143,
        ),
        (
            ABORTS.format(256),
            f"rank 1: exit code 1; last on stderr: Abort(256) on node 1 (rank 0 in comm 3): "
            f"{ABORT.format(256)}",
            1,
        ),
        (
            ABORTS.format(-1),
            f"rank 1: exit code 255; last on stderr: Abort(-1) on node 1 (rank 0 in comm 3): "
            f"{ABORT.format(-1)}",
            255,
        ),
        (
            f"Abort(806995855) on node 0: Fatal error in PMPI_Init: x\n{task(0, 'Killed')}",
            "rank 0: exit code 1; last on stderr: "
            "Abort(806995855) on node 0: Fatal error in PMPI_Init: x",
            1,
        ),
        (
            "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***\n"
            f"{task(0, 'Terminated')}",
            "the job's time is over; ask for more: TIME=HH:MM:SS",
            143,
        ),
        (
            "srun: fatal: Could not establish a configuration source\n",
            "no Slurm controller answers; `make cluster` starts one here, which SITE=local takes",
            69,
        ),
        (
            "srun: error: Invalid MPI type 'x', --mpi=list for acceptable types\n",
            "Slurm has no such kind of MPI; srun --mpi=list names those it has: MPI=…",
            2,
        ),
        (
            f"{task(1, 'Terminated')}"
            "slurmstepd-n1: error: *** STEP 1.0 ON n1 CANCELLED AT x DUE TO NODE FAILURE ***\n",
            "a node of the job has failed; sinfo --Node --states=down names it",
            143,
        ),
        (
            # What a rank prints explains nothing but its own death.
            "ValueError: invalid MPI datatype\nKeyError: Node failure on n9\n"
            f"{task(0, 'Exited with exit code 2')}",
            "rank 0 on n1: Exited with exit code 2; last on stderr: KeyError: Node failure on n9",
            2,
        ),
        (
            # A user cancels a job that hangs since a rank has died.
            f"{task(0, 'Exited with exit code 3')}{CUT}{task(2, 'Terminated')}",
            "rank 0 on n1: Exited with exit code 3",
            3,
        ),
        (
            "srun: job 37 queued and waiting for resources\nsrun: Job has been cancelled\n"
            "srun: error: Unable to allocate resources: Job/step already completing or completed\n",
            "the job was cancelled while it waited",
            143,
        ),
        (
            "salloc: Granted job allocation 39\n"
            "sbcast: error: REQUEST_FILE_BCAST(n2): Unspecified error\n"
            "hpcpy: n2: no copy of the image in /tmp: No space left on device\n"
            "salloc: Relinquishing job allocation 39\n",
            "n2: no copy of the image in /tmp: No space left on device; "
            "node_local in the site file names another disk",
            143,
        ),
        (
            "sbcast: error: REQUEST_FILE_BCAST(n2): No such file or directory\n",
            "no copy of the image on n2: No such file or directory; "
            "STAGE=1 copies to the site's node_local",
            143,
        ),
        (
            "salloc: Granted job allocation 39\nLmod: no module named apptainer\n"
            "salloc: Relinquishing job allocation 39\n",
            "Lmod: no module named apptainer",
            143,
        ),
        ("srun: error: something new\n", "something new", 143),
        ("", "exit code 143", 143),
    ],
)
def test_the_end_is_explained_in_one_line(stderr: str, line: str, code: int) -> None:
    assert explain(stderr, 143, lambda: False) == (line, code)


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        (f"{task(3, 'Terminated')}{CUT}", "rank 3 on n2: Terminated"),
        (f"{task(3, 'Exited with exit code 143')}{CUT}", "rank 3 on n2: Exited with exit code 143"),
        (CUT, "a rank has called MPI_Abort, or the step was cancelled"),
        (f"{CUT}{task(3, 'Terminated')}{task(0, 'Exited with exit code 146')}", "rank 0 on n1: "),
    ],
)
def test_slurm_says_whether_it_has_ended_the_job(stderr: str, line: str) -> None:
    assert explain(stderr, 143, lambda: True) == ("the job was cancelled", 143)
    assert explain(stderr, 143, lambda: False)[0].startswith(line)


CLEANUP = "ERROR:   container cleanup failed: EOF\n"
ECHO = (
    "FATAL:   first process with --sharens has already exited, could not execute process (pid 7)\n"
)
FUSE = "squashfuse_ll exited: fuse: failed to open /dev/fuse: Permission denied"
FULL = "FATAL:   post start process failed: write /tmp/hpcpy-1/x.json: no space left on device"
BIND = "FATAL:   container creation failed: mount source /nowhere doesn't exist"
DAMAGED = "source: read /.singularity.d/env/01-base.sh: input/output error"


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
        (f"{PLAIN}ValueError: a\n{ECHO}{CLEANUP}", "ValueError: a"),
        ("mine\npreflight: warning: cpu.threads: not set\n", "mine"),
        (f"{FUSE}: a rank's\nValueError: b\n", "ValueError: b"),
        (f"{CLEANUP}FATAL:   x: {FUSE}\n{FULL}\n{ECHO}", f"FATAL: x: {FUSE}"),
        (f"{ECHO}{PLAIN}ValueError: a\n{CLEANUP}{FULL}\n", " ".join(FULL.split())),
        (f"{DAMAGED}\nFATAL:   exec /bin/bash failed: x\n{ECHO}", DAMAGED),
        (f"{BIND}\n{ECHO}late\n", " ".join(BIND.split())),
        (f"{BIND}\n{ECHO}{PLAIN}ValueError: a\n", "ValueError: a"),
        (
            "cat: write error: No space left on device\nnot saved\ngoing on\n",
            "cat: write error: No space left on device",
        ),
        (f"warning: no cache: No space left on device\n{PLAIN}KeyError: 1\n", "KeyError: 1"),
        (
            "Error: crun: write: Disk quota exceeded: OCI runtime error\nlate\n",
            "Error: crun: write: Disk quota exceeded: OCI runtime error",
        ),
        (
            f"{PLAIN}ValueError: caught\nAbort(9) on node 1 (rank 1 in comm 0): Fatal error\n",
            "Abort(9) on node 1 (rank 1 in comm 0): Fatal error",
        ),
    ],
)
def test_the_cause_is_told_and_not_what_follows(said: str, line: str) -> None:
    death = "srun: error: n1: task 1: Exited with exit code 1\n"
    told, _ = explain(said + death, 1, lambda: False)
    assert told == f"rank 1 on n1: Exited with exit code 1; last on stderr: {line}"


def test_a_cause_may_come_after_the_death_that_it_has_caused() -> None:
    death = task(3, "Exited with exit code 255")
    line = f"rank 3 on n2: Exited with exit code 255; last on stderr: {' '.join(FULL.split())}"
    assert explain(f"{ECHO}{death}{CLEANUP}{FULL}\n", 255, lambda: False) == (line, 255)
