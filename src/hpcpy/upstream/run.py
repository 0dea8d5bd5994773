"""A suite, run by an image's interpreter."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hpcpy.stages import stage
from hpcpy.upstream import prepare
from hpcpy.upstream.results import Verdict, read_reports
from hpcpy.upstream.suites import TESTS, Suite

PREFIX = "/opt/hpcpy"
# "nobody" on every Linux.
_STRANGER = 65534
# Of one test: a rank that waits for one that failed waits for ever.
_SECONDS_A_TEST = 900
# The start of Python makes the caches' folders before a test looks at /tmp.
_SCRIPT = 'mkdir -p "$HOME" {work} && cd {work} && python3 -c pass && exec "$@"'


@dataclass(frozen=True)
class Run:
    """What came out of a suite in an image."""

    outcomes: dict[str, Verdict]
    seconds: float
    # Why its results are not complete; empty when they are.
    broken: str = ""


def runner_words(suite: Suite) -> list[str]:
    """Return what is run in the container."""
    if suite.runner == "regrtest":
        words = ["-m", "test", f"-j{suite.workers}", "--junit-xml=/tmp/reports/junit.xml"]
        words += [f"--ignore={pattern}" for pattern in suite.deselected]
    else:
        words = ["-m", "pytest", "-q", "--junit-xml=/tmp/reports/junit.xml"]
        words += [] if suite.ranks else [f"--numprocesses={suite.workers}"]
        for pattern in suite.deselected:
            one_test = "::" in pattern
            # A file that cannot be imported must not be collected.
            words.append(f"--deselect={pattern}" if one_test else f"--ignore={TESTS}/{pattern}")
    launcher = ["mpiexec", "-n", str(suite.ranks)] if suite.ranks else []
    if _yields(suite):
        launcher += ["-genv", "LD_PRELOAD", f"{prepare.YIELDS}/yields.so"]
    targets = [f"{TESTS}/{target}" for target in suite.targets]
    return [*launcher, "python3", *words, *suite.options, *targets]


def _yields(suite: Suite) -> Path | None:
    """Return what makes ranks yield, where there are more of them than cores."""
    return prepare.yields() if suite.ranks > len(os.sched_getaffinity(0)) else None


def variables(suite: Suite) -> dict[str, str]:
    """Return the variables of a run, for what the tests start as well."""
    found = {"HOME": "/tmp/home", **suite.environment}  # noqa: S108
    if suite.runner == "pytest":
        options = [
            *("-p", "upstream_pytest", "-o", "cache_dir=/tmp/cache"),
            *(f"--rootdir={TESTS}", f"--timeout={_SECONDS_A_TEST}"),
        ]
        if suite.inside:
            # The names that the tests have upstream: numpy._core.tests.test_api.
            options += ["--import-mode=importlib", "-o", "consider_namespace_packages=true"]
        found["PYTEST_ADDOPTS"] = " ".join(options)
        if suite.library:
            found["HPCPY_UPSTREAM_LIBRARY"] = suite.library
        if not suite.inside:
            found["PYTHONPATH"] = ":".join(
                [
                    prepare.PLUGIN,
                    prepare.DEPENDENCIES,
                    *(f"{TESTS}/{one}" for one in suite.targets),
                ]
            )
    return found


def binds(suite: Suite, scratch: Path) -> list[str]:
    """Return what is mounted, as Apptainer wants it told."""
    tests = prepare.tests(suite)
    mode = "ro"
    if suite.copied:
        tests, mode = _copy(tests, scratch), "rw"
    if suite.runner == "regrtest":
        # Where `-I` and `-E` find it, too.
        site = f"{PREFIX}/lib/{prepare.python_folder()}/site-packages"
        return [f"{tests}/test:{site}/test:ro"]
    found = {
        prepare.PLUGIN: prepare.HELPERS / "plugin",
        prepare.DEPENDENCIES: prepare.dependencies(),
        **({prepare.VENV: prepare.venv(PREFIX)} if suite.inside else {}),
        **({prepare.LIBRARY: prepare.library(suite)} if suite.library else {}),
    }
    if yields := _yields(suite):
        found[prepare.YIELDS] = yields
    return [f"{tests}:{TESTS}:{mode}", *(f"{here}:{there}:ro" for there, here in found.items())]


def _copy(tests: Path, scratch: Path) -> Path:
    copy = scratch / "tests"
    shutil.copytree(tests, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return copy


def command(suite: Suite, apptainer: Path, sif: Path, scratch: Path) -> list[str]:
    """Return the whole command, for an ordinary user without a network."""
    stranger = (
        [f"--security=uid:{_STRANGER}", f"--security=gid:{_STRANGER}"] if os.geteuid() == 0 else []
    )
    # A name of this machine that has an address without a network: mpiexec and
    # tests look theirs up.
    host = "--hostname=localhost"
    # Where regrtest removes files it puts up with "no such file", but not with
    # "read-only file system".
    writable = ["--writable-tmpfs"] if suite.runner == "regrtest" else []
    first = f"PATH={prepare.VENV}/bin:$PATH && export PATH && " if suite.inside else ""
    script = _SCRIPT.format(work=TESTS if suite.copied else "/tmp/work")  # noqa: S108
    return [
        *(str(apptainer), "exec", *stranger, "--contain", "--cleanenv", "--pid", "--no-home"),
        *("--net", "--network=none", host, "--pwd=/"),
        *(*writable, f"--bind={scratch}:/tmp"),
        *(f"--bind={bind}" for bind in binds(suite, scratch)),
        *(str(sif), "env", *(f"{name}={value}" for name, value in variables(suite).items())),
        *("sh", "-c", first + script, "sh", *runner_words(suite)),
    ]


def run(suite: Suite, image: str, sif: Path, apptainer: Path) -> Run:
    """Run a suite and read its results.

    The output stays in ``build/upstream/<suite>.<image>.log``.
    """
    log = prepare.FOLDER / f"{suite.name}.{image}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="hpcpy-upstream.", ignore_cleanup_errors=True
    ) as scratch:
        for folder in (Path(scratch), Path(scratch, "reports")):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        words = command(suite, apptainer, sif, Path(scratch))
        start = time.monotonic()
        with stage(f"{suite.name} in the {image} image") as current:
            ended = _run(words, log, suite.seconds)
            reports = sorted(Path(scratch, "reports").glob("*.xml"))
            missing = max(suite.ranks, 1) - len(reports)
            if missing and not ended:
                ended = f"{missing} of {max(suite.ranks, 1)} reports are missing"
            outcomes = read_reports(reports, log if suite.runner == "regrtest" else None)
            current.note = ended or f"{len(outcomes)} tests"
    return Run(outcomes, time.monotonic() - start, ended)


def _run(words: list[str], log: Path, seconds: int) -> str:
    """Run it and return why it was stopped; failed tests are no reason."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        ) as process,
    ):
        try:
            code = process.wait(seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return f"stopped after {seconds} s"
            raise
    return f"killed by signal {-code}" if code < 0 else ""
