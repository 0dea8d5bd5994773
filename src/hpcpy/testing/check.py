"""``hpcpy check``: lint, types and host tests, for before each commit."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from hpcpy import paths
from hpcpy.checkout_lock import checkout_lock
from hpcpy.engine.venv import ensure_venv
from hpcpy.stages import stage

# A test of `make test` and its fixtures, after which it has failed; CI's longest took 93 s.
HUNG_SECONDS = 900
# A failure, not a worker's end as in the image (`hpcpy.testing.command.LIMIT`): pytest-xdist
# 3.8 may then wait for ever for the worker's files (its issue 1323).
LIMIT = (f"--timeout={HUNG_SECONDS}",)
# Of the host's tests: those of launches wait for Slurm more than they compute.
_WORKERS = (os.cpu_count() or 1) + 2
# By Python: the first line of the program mypy cannot name every folder.
_MYPY = ("python", "-m", "mypy")
_OF_RECIPES = ("containers/cuda", "containers/dev", "recipes/link")
# The forge's `on:` is a key, not a truth value; one document needs no mark of its start.
_YAML = (
    "{extends: default, rules: {document-start: disable, line-length: {max: 100},"
    " truthy: {check-keys: false}}}"
)
_YAML_FILES = (".github", "reframe", "CITATION.cff")
# By their schema, as check-jsonschema ships it.
_SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "citation-file-format": "CITATION.cff",
}
# Each by itself: modules of two may have one name.
_TESTS = (
    ("unit",),
    ("launch",),
    ("image", "--exclude=/features/"),
    ("image/features",),
    ("image_cuda",),
    ("image_sci",),
    ("image_dev",),
    ("image_spark",),
    ("image_sanitized",),
    ("gpu",),
    ("upstream",),
)


def shell_scripts() -> list[str]:
    """Return the shell scripts of the checkout."""
    folders = (paths.RECIPES, paths.CONTAINERS, paths.ROOT / "src/interp")
    found = [*(file for folder in folders for file in folder.rglob("*.sh")), paths.ROOT / ".ci/run"]
    return sorted(path.relative_to(paths.ROOT).as_posix() for path in found)


def _files(pattern: str) -> list[str]:
    return sorted(path.relative_to(paths.ROOT).as_posix() for path in paths.ROOT.glob(pattern))


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments."""


def main(_options: argparse.Namespace) -> int:
    """Run all checks; the first that finds something ends it.

    Returns
    -------
    int
        pytest's exit code.
    """
    with checkout_lock():
        venv = ensure_venv()
        for title, command in (
            ("ruff", ["ruff", "check", "."]),
            ("ruff format", ["ruff", "format", "--check", "."]),
            ("mypy of the host's code", [*_MYPY, "src/hpcpy"]),
            ("mypy of the benchmarks", [*_MYPY, "benchmarks"]),
            ("mypy of the workloads", [*_MYPY, "src/workloads"]),
            ("mypy of the interpreter's code", [*_MYPY, "src/interp", *_OF_RECIPES]),
            *(
                (f"mypy of tests/{one}", [*_MYPY, f"tests/{one}", *options])
                for one, *options in _TESTS
            ),
            (
                "mypy of what they share",
                [*_MYPY, "tests/conftest.py", "tests/soak.py", "tests/broken_builds.py"],
            ),
            ("shellcheck", ["shellcheck", "--external-sources", *shell_scripts()]),
            ("yamllint", ["yamllint", "--strict", "-d", _YAML, *_YAML_FILES]),
            *(
                (
                    f"schema {schema}",
                    ["check-jsonschema", "--builtin-schema", f"vendor.{schema}", *_files(pattern)],
                )
                for schema, pattern in _SCHEMAS.items()
            ),
        ):
            with stage(title) as current:
                current.run([venv / "bin" / command[0], *command[1:]], cwd=paths.ROOT)
    # A minute of random inputs: `make test` has it.
    return host_tests("tests/unit", without="test_fuzz_*")


def host_tests(
    *folders: str, tier: str = "short", faults: Path | None = None, without: str = ""
) -> int:
    """Run tests on the host with the developer tools' pytest.

    Parameters
    ----------
    folders
        Of the checkout.
    tier
        As for `pytest_options`.
    faults
        With it tests of faults alone run, and what came of them is here at the end.
    without
        A pattern of files that are left out.

    Returns
    -------
    int
        pytest's exit code.
    """
    python = ensure_venv() / "bin" / "python"
    # A whole file to a worker: the fixtures of some load images.  In the order of their
    # names, not of their numbers of tests: so those that wait long begin first.
    by_file = ("--dist=loadfile", "--no-loadscope-reorder")
    report = [f"--faults={faults}"] if faults else []
    left_out = [f"--ignore-glob=*/{without}"] if without else []
    # A long test may take an hour.
    limit = LIMIT if tier == "short" else ()
    more = [f"--numprocesses={_WORKERS}", *by_file, *limit, *report, *left_out]
    options = [*pytest_options(tier), *more]
    command = [str(python), "-m", "pytest", *options, *folders]
    return subprocess.run(command, cwd=paths.ROOT, check=False).returncode


def pytest_options(tier: str = "short") -> list[str]:
    """Return what every run of pytest is given, inside the image and out.

    Parameters
    ----------
    tier
        ``short`` for all tests but those marked as ``long``, ``long`` for these,
        empty for both.
    """
    pedantic = ["--pedantic"] if os.environ.get("PEDANTIC") else []
    of_tier = [f"--tier={tier}"] if tier else []
    slowest = ["--durations=10", "--durations-min=10"]
    return ["-q", "-ra", *slowest, *of_tier, *pedantic]
