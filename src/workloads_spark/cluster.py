"""The processes of a job's Spark cluster, in Spark's standalone mode."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hpcpy_common import signals
from hpcpy_job.cluster import Process, child, environment_of_no_rank, wait
from workloads_spark import lifeline
from workloads_spark.context import LOGGING, SAVING

# Only the master's log says where it listens and which workers have come: write it to a file.
_MASTERS = """\
logger.master.name = org.apache.spark.deploy.master.Master
logger.master.level = info
logger.master.additivity = false
logger.master.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = FILE
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %m%n
"""
# A worker would log that its master has ended, though then the whole cluster ends.
_WORKERS = """\
logger.worker.name = org.apache.spark.deploy.worker.Worker
logger.worker.level = off
"""
# Java options of the master and the workers, which compute nothing: executors do.
_SMALL = ("-Xmx512m", "-XX:TieredStopAtLevel=1")
# Run Java with SIGINT ignored, for which it has no option: Ctrl-C is for the program.
_IGNORE_SIGINT = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh")


class Connection(NamedTuple):
    """What a worker must know of the first rank."""

    url: str
    host: str
    # The lifeline's port: a cluster ends with the first rank, which holds the line.
    port: int
    secret: str


def why_not() -> str:
    """Return why there is no Spark here, or an empty string."""
    return "" if _java() else "no program java here: run it in the image hpcpy-spark"


@contextlib.contextmanager
def master(folder: Path, host: str) -> Iterator[tuple[Process, Connection]]:
    """Give a master that listens, and what a worker must know of it."""
    host = host or lifeline.own_address()
    # Otherwise anybody who reaches its port could run any code as this user.
    secret = secrets.token_hex(32)
    (folder / "master").mkdir()
    settings = folder / "master/log4j2.properties"
    settings.write_text(LOGGING + _MASTERS.replace("FILE", str(_log(folder))))
    words = ("master.Master", "--host", host, "--port", "0", "--webui-port", "0")
    environment = _environment(host, secret, folder)
    with child(_command(settings, *words), environment) as process:
        wait("Spark's master", lambda: bool(_url(folder)), {"Spark's master": process})
        # The lifeline closes first, so that other ranks' workers end before the master.
        with lifeline.held(host) as port:
            yield process, Connection(_url(folder), host, port, secret)


@contextlib.contextmanager
def worker(connection: Connection) -> Iterator[Process]:
    """Give a worker; its files are removed when it has ended."""
    own = lifeline.address_towards(connection.host, connection.port)
    with tempfile.TemporaryDirectory(prefix="hpcpy-spark-", ignore_cleanup_errors=True) as folder:
        settings = Path(folder, "log4j2.properties")
        settings.write_text(LOGGING + _WORKERS)
        words = ("worker.Worker", "--host", own, "--port", "0", "--webui-port", "0")
        options = ("--cores", "1", "--work-dir", folder, connection.url)
        environment = _environment(own, connection.secret, Path(folder))
        with child(_command(settings, *words, *options), environment) as process:
            yield process


def become_worker(connection: Connection) -> int:
    """Be a worker until the first rank ends; 1 if the worker ends before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals.exit_when_stopped()
    line = socket.create_connection((connection.host, connection.port))
    with line, worker(connection) as process:
        if lifeline.wait_for_end(line, process):
            return 0
        print(
            f"on_spark: a worker on {os.uname().nodename} has ended with {process.wait()}",
            file=sys.stderr,
        )
        return 1


def is_complete(folder: Path, workers: int) -> bool:
    """Return whether the master has all its workers."""
    return _log_text(folder).count("Registering worker") >= workers


def variables(folder: Path, connection: Connection, workers: int) -> dict[str, str]:
    """Return the variables by which a program finds the cluster; Spark reads its settings."""
    home = folder / "conf"
    home.mkdir()
    (home / "log4j2.properties").write_text(LOGGING)
    settings = {
        "spark.master": connection.url,
        "spark.authenticate": "true",
        "spark.authenticate.secret": connection.secret,
        "spark.cores.max": str(workers),
        # No task starts before all executors are there.
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.defaultJavaOptions": f"{' '.join(SAVING)} -Djava.io.tmpdir={folder}",
        "spark.executor.defaultJavaOptions": " ".join(SAVING),
    }
    lines = "".join(f"{name} {value}\n" for name, value in settings.items())
    (home / "spark-defaults.conf").write_text(lines)
    return {
        "SPARK_MASTER": connection.url,
        "SPARK_CONF_DIR": str(home),
        "SPARK_LOCAL_IP": connection.host,
        "SPARK_LOCAL_DIRS": str(folder),
        "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable),
    }


def _java() -> str:
    """Return the path of ``java``: JAVA_HOME's, or where that is not set PATH's; empty if none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin" if home else None) or ""


def _log(folder: Path) -> Path:
    return folder / "master/log"


def _log_text(folder: Path) -> str:
    try:
        return _log(folder).read_text(encoding="utf-8")
    except OSError:  # not there yet
        return ""


def _url(folder: Path) -> str:
    match = re.search(r"Starting Spark master at (\S+)\n", _log_text(folder))
    return match[1] if match else ""


def _home() -> Path:
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None  # noqa: S101  (`why_not` has asked)
    return Path(str(spec.origin)).parent


def _command(logging: Path, kind: str, *words: str) -> list[str]:
    options = {
        "log4j2.configurationFile": str(logging),
        "java.io.tmpdir": str(logging.parent),
        "spark.authenticate": "true",
        "spark.master.rest.enabled": "false",
    }
    return [
        *(*_IGNORE_SIGINT, _java(), *_SMALL, *SAVING),
        *(f"-D{name}={value}" for name, value in options.items()),
        *("-cp", f"{_home()}/jars/*", f"org.apache.spark.deploy.{kind}", *words),
    ]


def _environment(own: str, secret: str, folder: Path) -> dict[str, str]:
    (core,) = _home().glob("jars/spark-core_*.jar")
    return {
        **environment_of_no_rank(),
        # The address that each of them listens on, also for its web pages.
        "SPARK_LOCAL_IP": own,
        "SPARK_LOCAL_DIRS": str(folder),
        # Not on the command line, which anybody on the node can read.
        "_SPARK_AUTH_SECRET": secret,
        # Spark's own scripts would set these; a worker starts executors by them.
        "SPARK_HOME": str(_home()),
        "SPARK_SCALA_VERSION": core.name.split("_")[1].split("-")[0],
    }
