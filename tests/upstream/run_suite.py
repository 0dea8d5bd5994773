"""A suite, run by an image's interpreter as an ordinary user without a network."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import prepared
from suite import FOLDER, Suite

from hpcpy.engine.setup import ensure
from in_image import image_command
from running import start
from upstream_results import Outcome, read_reports

PREFIX = "/opt/hpcpy"
# Of one test: a rank that waits for one that failed waits for ever.
SECONDS_A_TEST = 900
# The start of Python makes the caches' folders before a test looks at /tmp.
SCRIPT = 'mkdir -p "$HOME" {work} && cd {work} && python3 -c pass && exec "$@"'


def run(suite: Suite, image: str, sif: Path) -> tuple[dict[str, Outcome], str]:
    """Return each test's outcome, and why the run is not complete.

    Its output stays in ``build/upstream/<suite>.<image>.log``.
    """
    log = prepared.FOLDER / f"{suite.name}.{image}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="hpcpy-upstream.", ignore_cleanup_errors=True
    ) as scratch:
        for folder in (Path(scratch), Path(scratch, "reports")):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        ended = _ended(_command(suite, sif, Path(scratch)), log, suite.seconds)
        reports = sorted(Path(scratch, "reports").glob("*.xml"))
        missing = max(suite.ranks, 1) - len(reports)
        if missing and not ended:
            ended = f"{missing} of {max(suite.ranks, 1)} reports are missing"
        outcomes = read_reports(reports, log if suite.runner == "regrtest" else None)
    return outcomes, ended or ("" if outcomes else "there are no results")


def _command(suite: Suite, sif: Path, scratch: Path) -> list[str]:
    # mpiexec and tests look up this machine's address, which needs a name without a network.
    binds = (f"--bind={one}" for one in _binds(suite, scratch))
    options = ["--pid", "--hostname=localhost", *binds]
    # Where regrtest removes files it puts up with "no such file", but not with
    # "read-only file system".
    options += ["--writable-tmpfs"] if suite.runner == "regrtest" else []
    first = f"PATH={prepared.VENV}/bin:$PATH && export PATH && " if suite.inside else ""
    script = first + SCRIPT.format(work=prepared.TESTS if suite.copied else "/tmp/work")  # noqa: S108
    return [
        *image_command(ensure("apptainer")["apptainer"].path, sif, scratch, *options),
        *(f"{name}={value}" for name, value in _variables(suite).items()),
        *("sh", "-c", script, "sh", *_words(suite)),
    ]


def _words(suite: Suite) -> list[str]:
    if suite.runner == "regrtest":
        words = ["-m", "test", f"-j{suite.workers}", "--junit-xml=/tmp/reports/junit.xml"]
        words += [f"--ignore={pattern}" for pattern in suite.skipped]
    else:
        words = ["-m", "pytest", "-q", "--junit-xml=/tmp/reports/junit.xml"]
        words += [] if suite.ranks else [f"--numprocesses={suite.workers}"]
        for pattern in suite.skipped:
            # A file that cannot be imported must not be collected.
            file = f"--ignore={prepared.TESTS}/{pattern}"
            words.append(f"--deselect={pattern}" if "::" in pattern else file)
    launcher = ["mpiexec", "-n", str(suite.ranks)] if suite.ranks else []
    if _yields(suite):
        launcher += ["-genv", "LD_PRELOAD", f"{prepared.YIELDS}/yields.so"]
    targets = [f"{prepared.TESTS}/{target}" for target in suite.targets]
    return [*launcher, "python3", *words, *suite.options, *targets]


def _yields(suite: Suite) -> Path | None:
    """Return what makes ranks yield, where there are more of them than cores."""
    return prepared.yields() if suite.ranks > len(os.sched_getaffinity(0)) else None


def _variables(suite: Suite) -> dict[str, str]:
    found = {"HOME": "/tmp/home", **suite.environment}  # noqa: S108
    if suite.runner == "regrtest":
        return found
    options = ["-p", "upstream_pytest", "-o", "cache_dir=/tmp/cache"]
    options += [f"--rootdir={prepared.TESTS}", f"--timeout={SECONDS_A_TEST}"]
    if suite.library:
        found["HPCPY_UPSTREAM_LIBRARY"] = suite.library
    if suite.inside:
        # The names that the tests have upstream: numpy._core.tests.test_api.
        options += ["--import-mode=importlib", "-o", "consider_namespace_packages=true"]
    else:
        targets = [f"{prepared.TESTS}/{one}" for one in suite.targets]
        found["PYTHONPATH"] = ":".join([prepared.PLUGIN, prepared.DEPENDENCIES, *targets])
    return {**found, "PYTEST_ADDOPTS": " ".join(options)}


def _binds(suite: Suite, scratch: Path) -> list[str]:
    tests, mode = prepared.tests(suite), "ro"
    if suite.copied:
        tests, mode = _copy(tests, scratch / "tests"), "rw"
    if suite.runner == "regrtest":
        # Where `-I` and `-E` find it, too.
        site = f"{PREFIX}/lib/{prepared.python_folder()}/site-packages"
        return [f"{tests}/test:{site}/test:ro"]
    found = {
        prepared.PLUGIN: FOLDER / "plugin",
        prepared.DEPENDENCIES: prepared.dependencies(),
        **({prepared.VENV: prepared.venv(PREFIX)} if suite.inside else {}),
        **({prepared.LIBRARY: prepared.library(suite)} if suite.library else {}),
    }
    if yields := _yields(suite):
        found[prepared.YIELDS] = yields
    binds = (f"{here}:{there}:ro" for there, here in found.items())
    return [f"{tests}:{prepared.TESTS}:{mode}", *binds]


def _copy(tests: Path, copy: Path) -> Path:
    shutil.copytree(tests, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return copy


def _ended(words: list[str], log: Path, seconds: int) -> str:
    """Run it and return why it was stopped; failed tests are no reason."""
    with (
        log.open("wb") as output,
        start(*words, stdout=output, stderr=subprocess.STDOUT, process_group=0) as process,
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
