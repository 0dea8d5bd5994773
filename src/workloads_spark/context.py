"""A Spark cluster: one of this machine, or that of SPARK_MASTER."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import cleanup, signals
from hpcpy_common.errors import UnavailableError, WorkerError
from workloads.parallel.guard import import_modules

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# Log settings of Spark's programs: errors alone.
LOGGING = """\
status = off
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %m%n
appender.console.filter.stopped.type = RegexFilter
appender.console.filter.stopped.regex = RECEIVED SIGNAL .*
appender.console.filter.stopped.onMatch = DENY
appender.console.filter.stopped.onMismatch = NEUTRAL
# Or it would set the level to warnings, and log that.
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
"""
# Options of every Java: no file in /tmp by which tools find the process, one thread of
# garbage collection, and no warning on a node without a name.
SAVING = ("-XX:-UsePerfData", "-XX:+UseSerialGC", "-Dlog4j2.statusLoggerLevel=OFF")


@contextlib.contextmanager
def context(workers: Workers, _: str, *modules: str) -> Iterator[Any]:
    """Give a SparkContext of SPARK_MASTER's cluster, else of processes of this machine.

    Parameters
    ----------
    workers
        Its `count` becomes that of a cluster that is there already.
    modules
        What each worker imports once.

    Raises
    ------
    UnavailableError
        When Spark does not start, or the cluster does not answer.
    WorkerError
        When Spark has ended before the block does.
    """
    master = os.environ.get("SPARK_MASTER", "")
    with contextlib.ExitStack() as stack:
        _be_quiet()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hpcpy-spark-")))
        with signals.sigint_blocked():
            started = _started(master or f"local[{workers.count}]", folder)
        stack.callback(_stop, started)
        # The server of accumulators would print a traceback when Java has been killed.
        started._accumulatorServer.handle_error = lambda *_: None
        # pyspark tells Java of a call's end on the way out: Java answers when the call is
        # over, which may be never.
        stack.enter_context(cleanup.on_stop(started._gateway.proc.kill))
        try:
            if master:
                workers.count = _workers(started)
            everywhere(started, workers.count, import_modules, *modules)
        except WorkerError as error:
            raise _no_start(master or started.master, str(error)) from error
        yield started


def _workers(started: Any) -> int:
    with failures(started):
        cores = started.getConf().get("spark.cores.max")
        return int(cores or started.defaultParallelism)


def everywhere(
    started: Any, workers: int, act: Callable[..., object], *arguments: object
) -> list[Any]:
    """Call a function in all workers at the same time; return what each call gives.

    Parameters
    ----------
    started
        The SparkContext.
    workers
        How many there are: with a smaller number some would be left out.
    act, arguments
        The function and its arguments.

    Raises
    ------
    WorkerError
        When Spark has given up a task, or has ended.
    """
    with failures(started):
        # The tasks of a barrier stage run together, so no worker gets two.
        slots = started.parallelize(range(workers), workers).barrier()
        results: list[Any] = slots.mapPartitions(lambda _: [act(*arguments)]).collect()
    return results


def _be_quiet() -> None:
    """Silence py4j about calls that are stopped, or whose Java has ended."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
    # It logs some of them to the root logger.
    logging.getLogger().addFilter(_is_not_py4js)


def _is_not_py4js(record: logging.LogRecord) -> bool:
    return "py4j" not in record.pathname


def _started(master: str, folder: Path) -> Any:
    """Return a SparkContext; the output of its Java goes to a file in `folder`."""
    from py4j.protocol import Py4JError, Py4JJavaError  # noqa: PLC0415
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        # It then works on a node without a known name, and lets no other machine in.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    conf = SparkConf(loadDefaults=False).setAll(_settings(master, folder).items())
    log = folder / "log"
    gateway = None
    # A SparkContext sets a handler of its own, which is taken back below.
    handler = signal.getsignal(signal.SIGINT)
    try:
        with log.open("wb") as file:
            gateway = launch_gateway(conf, {"stdout": file, "stderr": file})
            return SparkContext(gateway=gateway)
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage())
    except (Py4JError, PySparkException, OSError) as error:
        reason = f"{error}\n{log.read_text()}"
    finally:
        signal.signal(signal.SIGINT, handler)
    if gateway is not None:
        _end_java(gateway)
    raise _no_start(master, reason)


def _no_start(master: str, reason: str) -> UnavailableError:
    return UnavailableError(f"Spark does not start at {master}: {reason.splitlines()[0]}")


def _settings(master: str, folder: Path) -> dict[str, str]:
    logging_settings = folder / "log4j2.properties"
    logging_settings.write_text(LOGGING)
    return {
        "spark.master": master,
        "spark.app.name": "workloads",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder),
        "spark.driver.extraJavaOptions": " ".join(
            [
                *SAVING,
                f"-Dlog4j2.configurationFile={logging_settings}",
                f"-Djava.io.tmpdir={folder}",
            ]
        ),
    }


def _stop(started: Any) -> None:
    gateway = started._gateway
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        # A signal may have ended its Java already.
        warnings.simplefilter("ignore")
        started.stop()
    _end_java(gateway)


def _end_java(gateway: Any) -> None:
    from pyspark import SparkContext  # noqa: PLC0415

    gateway.shutdown()
    # Its Java ends when its input is closed.
    gateway.proc.stdin.close()
    gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


@contextlib.contextmanager
def failures(_: Any) -> Iterator[None]:
    """Say in one line that a worker, or all of Spark, has ended.

    Raises
    ------
    WorkerError
        When Spark has given up a task, or has ended.
    """
    from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError  # noqa: PLC0415

    try:
        yield
    except Py4JJavaError as error:
        raise WorkerError(
            f"Spark: {str(error.java_exception.getMessage()).splitlines()[0]}"
        ) from error
    except (Py4JError, Py4JNetworkError, ConnectionError) as error:
        raise WorkerError("Spark has ended") from error
