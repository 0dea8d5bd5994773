"""What all tests share: a skip is loud, with --pedantic a failure, and there are two tiers.

The tests of `make test-long` have the mark `long`: sweeps over many cases, of which
`make test` has one, and what takes long by its nature.
"""

import os
import signal
from collections.abc import Generator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from emulated import mark_left_out

LEFT_OUT = pytest.StashKey[int]()
# Whole files of `make test-long`: random inputs, injected faults, storms of jobs, and the
# tools that only maintainers run.
_LONG_FILES = (
    *("test_fuzz*", "test_random_*", "test_faults*"),
    "test_forecast_*",
    *("test_packages.py", "test_reframe*", "test_old_processor.py"),
    *("test_intel_mpi.py", "test_standalone*"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pedantic", action="store_true", help="a skipped test is a failure (PEDANTIC=1)"
    )
    parser.addoption(
        "--tier", choices=("short", "long"), help="run one of the two tiers alone (default: both)"
    )
    parser.addoption(
        "--emulated", action="store_true", help="skip what emulated.toml does not choose"
    )


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file with the PROGRAM of the test's module."""
    path = tmp_path / "mine.py"
    path.write_text(request.module.PROGRAM)
    return path


def pytest_configure(config: pytest.Config) -> None:
    # pytest ignores Ctrl-C and Ctrl-\ if a shell has started it in the background.  So would
    # all programs that tests start and stop by them.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGQUIT) == signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    # nohup has pytest and all that tests start ignore SIGHUP.  A handler is pytest's alone.
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN or "PYTEST_XDIST_WORKER" in os.environ:
        signal.signal(signal.SIGHUP, lambda *_: None)
    # Unbuffered, ranks' prints would be mixed word by word.
    os.environ.pop("PYTHONUNBUFFERED", None)
    # Not in pyproject.toml, which the image's pytest does not see.
    config.addinivalue_line("markers", "long: of `make test-long`, and not of `make test`")
    config.addinivalue_line("markers", "heavy: of tests/packages and tests/upstream, if named")
    config.stash[LEFT_OUT] = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--emulated"):
        mark_left_out(items)
    for item in items:
        # Hypothesis marks its tests: a slow machine fails its checks of speed.
        is_random = "hypothesis" in item.keywords
        if is_random or any(fnmatch(item.path.name, pattern) for pattern in _LONG_FILES):
            item.add_marker(pytest.mark.long)
    tier = config.getoption("--tier")
    if not tier:
        return
    others = [item for item in items if ("long" in item.keywords) != (tier == "long")]
    items[:] = [item for item in items if item not in set(others)]
    config.hook.pytest_deselected(items=others)
    config.stash[LEFT_OUT] = len(others)
    if hasattr(config, "workeroutput"):  # of pytest-xdist
        config.workeroutput["left_out"] = len(others)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # Each of xdist's workers collects all tests, and the summary is the controller's.
    workers = getattr(node, "workeroutput", {})
    node.config.stash[LEFT_OUT] = max(node.config.stash[LEFT_OUT], workers.get("left_out", 0))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash[LEFT_OUT]:
        other, command = (
            ("short", "test") if config.getoption("--tier") == "long" else ("long", "test-long")
        )
        terminalreporter.line(f"{count} {other} tests were left out: make {command} runs them")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and item.config.getoption("--pedantic"):
        longrepr: Any = report.longrepr
        reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which --pedantic forbids: {reason}"
    return report
