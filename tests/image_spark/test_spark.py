"""hpcpy-spark: Spark's rows give the answer, alone and on a cluster of ranks."""

import os
import signal
import sys
from pathlib import Path

import pytest

from proc_files import processes
from running import Done, printed, python, run, start, wait_until

PYTHON = sys.executable
ON_SPARK = (PYTHON, "-m", "hpcpy_job", "on_spark")
# A warning of Java's own if Spark's script starts the program.
NOISE = "WARNING: Using incubator modules: jdk.incubator.vector\n"
PROGRAM = """
import sys
from pyspark.sql import SparkSession
session = SparkSession.builder.getOrCreate()
context = session.sparkContext
print(context.master[:8], context.parallelize(range(10), 5).map(lambda x: x * x).sum())
print(session.range(1000).selectExpr("sum(id)").collect()[0][0], *sys.argv[1:])
sys.exit(7)
"""

# As a master does that lets this program not in: on a busy machine before the first task.
ENDED = """
from pyspark import SparkContext
from hpcpy_common.errors import WorkerError
from workloads_spark.context import everywhere
started = SparkContext("local[1]")
started._jsc.stop()
try:
    everywhere(started, 1, int)
except WorkerError as error:
    print(error)
"""


def ranks(size: int, *words: object) -> Done:
    return run("mpiexec", "-n", size, *words)


def java(mark: str) -> list[str]:
    """Return the command line of each Java process that a test has started."""
    return [words for _, words in processes(mark) if Path(words.split()[0]).name == "java"]


@pytest.mark.parametrize("workers", ["1", "3"])
def test_the_mandelbrot_set_of_this_machines_workers(workers: str) -> None:
    words = ("mandel", "--area", "area1", "--impl", "spark", "--workers", workers)
    shown = printed(python("-m", "workloads", *words))
    assert "matches the reference" in shown
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("spark ")]
    assert f" {workers} " in " ".join(row)


def test_pi_of_this_machines_workers() -> None:
    shown = printed(python("-m", "workloads", "pi", "--impl", "spark", "--workers", "2"))
    assert "seeded, 2 at work: 15,704,402 hits" in shown
    assert "matches the stored count" in shown


def test_every_rank_is_a_worker_and_the_program_runs_once(script: Path) -> None:
    done = ranks(3, *ON_SPARK, script, "a", "-b")
    assert (done.returncode, done.stdout) == (7, "spark:// 285\n499500 a -b\n")
    assert done.stderr.replace(NOISE, "") == ""


def test_a_workload_has_all_workers_and_leaves_nothing(tmp_path: Path) -> None:
    mark = f"STARTED_BY={tmp_path}"
    words = ("-m", "workloads", "pi", "--impl", "spark")
    env = {**os.environ, "STARTED_BY": str(tmp_path), "TMPDIR": str(tmp_path)}
    shown = printed(run("mpiexec", "-n", "2", *ON_SPARK, *words, env=env))
    assert "seeded, 2 at work: 15,704,402 hits" in shown
    wait_until(lambda: not java(mark))
    assert not list(tmp_path.glob("hpcpy-spark-*"))


def test_a_stranger_is_not_let_in(tmp_path: Path) -> None:
    script = tmp_path / "stranger.py"
    script.write_text(
        "import os, subprocess, sys\n"
        "env = {k: v for k, v in os.environ.items() if k not in "
        "('SPARK_CONF_DIR', 'SPARK_LOCAL_DIRS')}\n"
        "words = [sys.executable, '-m', 'workloads', 'pi', '-n', '1000', '--impl', 'spark']\n"
        "sys.exit(subprocess.run(words, env=env).returncode)\n"
    )
    done = ranks(1, *ON_SPARK, script)
    assert done.returncode == 69, done.stdout
    assert "\nworkloads: pi: Spark does not start at spark://" in done.stderr


def test_a_cluster_that_has_ended_before_it_is_asked_is_one_line() -> None:
    done = python("-c", ENDED, SPARK_LOCAL_IP="127.0.0.1")
    # Spark's own start is loud.
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Spark: Cannot call methods on a stopped SparkContext.\n"


def test_no_secret_is_among_the_words_of_a_process(tmp_path: Path) -> None:
    script = tmp_path / "looks.py"
    script.write_text(
        "import os, pathlib, re\n"
        "from pyspark import SparkContext\n"
        "context = SparkContext()\n"
        "secret = context.getConf().get('spark.authenticate.secret')\n"
        "context.parallelize([1]).count()\n"
        "told = [p.read_text() for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')]\n"
        "print(len(secret), any(secret in words for words in told))\n"
        "print(any('CoarseGrainedExecutorBackend' in words for words in told))\n"
    )
    done = ranks(1, *ON_SPARK, script)
    assert (done.returncode, done.stdout) == (0, "64 False\nTrue\n")


def test_a_master_that_is_not_there_is_69_and_one_line() -> None:
    words = ("pi", "-n", "1000", "--impl", "spark")
    done = python("-m", "workloads", *words, SPARK_MASTER="spark://nowhere.invalid:7077")
    assert (done.returncode, done.stderr.count("\n")) == (69, 1)
    assert "Spark does not start at spark://nowhere.invalid:7077" in done.stderr


# When its Java starts, and when it computes: a stop in the middle of a call of pyspark's
# was taken for Spark's end in 4 of 34 starts, and SIGTERM waited for the computation's end.
@pytest.mark.long
@pytest.mark.parametrize("moment", ["SparkSubmit", "pyspark.daemon"])
@pytest.mark.parametrize("prefix", [(), ON_SPARK[1:]], ids=["alone", "on ranks"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_all_of_it(
    moment: str, prefix: tuple[str, ...], number: int, tmp_path: Path
) -> None:
    mark = f"STARTED_BY={tmp_path}"
    words = ("-m", "workloads", "pi", "--impl", "spark", "-n", str(2**40))
    env = {**os.environ, "STARTED_BY": str(tmp_path), "TMPDIR": str(tmp_path)}
    with start(PYTHON, *prefix, *words, env=env) as job:
        wait_until(lambda: any(moment in each for _, each in processes(mark)), job)
        job.send_signal(number)
        said = job.communicate(timeout=300)[1]
    assert job.returncode == 128 + number, said
    assert "Traceback" not in said
    wait_until(lambda: not java(mark))
