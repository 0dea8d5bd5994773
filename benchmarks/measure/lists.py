"""Tables of what the checkout has: patches, packages, tests, talks, techniques, tools.

A page has such a table between `<!--= table patches -->` and `<!--= end -->`.
"""

import ast
import importlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpcpy.core.paths import ROOT
from measure import talks
from measure.markdown import table
from measure.topics import RESULTS
from workloads.exercise.tasks import NAMES, task
from workloads.registry import WORKLOADS

# Files of tests that break something on purpose.
_FAULTS = (
    *("test_faults_*", "test_hostile_*", "test_fuzz_*", "test_random_*", "test_fetch_*"),
    *("test_*fail*", "test_*_ends", "test_*_leftovers", "test_*_stop", "test_limits"),
    *("test_cached", "test_checkout_lock", "test_programs", "test_start_without_proc"),
)


def of(name: str) -> str:
    """Return the table of that name."""
    return _LISTS[name]()


def _patches() -> str:
    """Return a row for each patch: of a part, by its name there, and of a feature."""
    home = ROOT / "recipes/patches"
    files = {str(file.relative_to(home).with_suffix("")): file for file in home.glob("**/*.patch")}
    own = ROOT.glob("src/interp/features/*/*.patch")
    files |= {f"features/{file.stem}": file for file in own}
    until = _toml("docs/maintainers/patches.toml")
    rows = []
    for name, file in sorted(files.items()):
        head = file.read_text(encoding="utf-8").split("\n--- ")[0]
        tests = head.split("\nTest: ")[1].splitlines()[0].split(", ")
        goes = until[name] + (" (proposal in the file)" if "\nProposal" in head else "")
        what = head.splitlines()[0].removesuffix(".")
        rows.append([f"`{name}`", what, goes, ", ".join(f"`{test}`" for test in tests)])
    return table(["patch", "what it does", "goes when", "tests that fail without it"], rows, 4)


def _packages() -> str:
    locked = _toml("env/packages.lock")["packages"]
    ran = json.loads((RESULTS / "packages.json").read_text())
    names = []
    for name, program in sorted(_toml("tests/packages/programs.toml").items()):
        version = locked[program.get("requires", [name])[0]]["version"]
        names.append(f"{name} {version}{'' if name in ran['megabytes'] else ' (not run)'}")
    return f"{', '.join(names)}.\n"


def _suites() -> str:
    counts = ("date", "passed", "failed", "skipped")
    rows = []
    for name, ran in json.loads((RESULTS / "upstream-tests.json").read_text()).items():
        for image in ("hpcpy", "wheels"):
            if result := ran.get(image):
                cells = [result["date"], *(f"{result[key]:,}" for key in counts[1:])]
                lost = str(ran.get("lost", "–")) if image == "hpcpy" else ""
                rows.append([name if image == "hpcpy" else "", image, *cells, lost])
    return table(["suite", "image", *counts, "lost"], rows, 3)


def _left_out() -> str:
    rows = []
    for name, suite in _toml("tests/upstream/suites.toml").items():
        by_reason: dict[str, list[str]] = {}
        for test, reason in suite.get("skipped", {}).items():
            by_reason.setdefault(reason, []).append(_short(test))
        rows += [[name, ", ".join(tests), why] for why, tests in by_reason.items()]
    return table(["suite", "tests", "why"], rows, 3)


def _failures() -> str:
    rows = []
    for failure in _toml("tests/upstream/expected.toml")["failures"]:
        where = ", ".join(failure.get("images", ["both"]))
        tests = ", ".join(_short(test) for test in failure["tests"])
        rows.append([", ".join(failure["suites"]), tests, where, failure["cause"]])
    return table(["suites", "tests", "images", "cause"], rows, 4)


def _short(test: str) -> str:
    """Return the last parts of a test's name, as code: two, or three that end with a star."""
    parts = test.replace(".py", "").replace("::", ".").replace("/", ".").split(".")
    return f"`{'.'.join(parts[-3 if parts[-1] == '*' else -2 :])}`"


def _faults() -> str:
    files = {file for pattern in _FAULTS for file in ROOT.glob(f"tests/**/{pattern}.py")}
    rows = [_fault(file) for file in sorted(files)]
    return table(["tests", "what they hold"], rows, 2)


def _fault(file: Path) -> list[str]:
    """Return a file's name and the first line of its docstring: a new test changes no page."""
    about = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").splitlines()[0]
    return [f"`{file.relative_to(ROOT / 'tests').with_suffix('')}`", about.removesuffix(".")]


def _techniques() -> str:
    rows = []
    for workload, (command, _) in WORKLOADS.items():
        registry = importlib.import_module(f"{command.rpartition('.')[0]}.registry")
        for name, technique in registry.TECHNIQUES.items():
            # How many of these there are depends on this machine's cores.
            if name.startswith("omp-") and name not in ("omp-unset", "omp-1"):
                continue
            problems = f"{', '.join(technique.problems)}: " if technique.problems else ""
            needs = ", ".join(need for need in technique.needs if not need.startswith("workloads"))
            rows.append([workload, f"`{name}`", f"{problems}{technique.summary}", needs])
    return table(["workload", "technique", "what it does", "needs"], rows, 4)


def _exercises() -> str:
    rows = [[f"`{name}`", task(name).EXERCISE.slide, str(task(name).__doc__)] for name in NAMES]
    return table(["exercise", "slide", "what to do"], rows, 3)


def _tools() -> str:
    rows = []
    for tool in _toml("env/tools.toml")["tool"]:
        package = tool["package"] if tool.get("provided") != "prefix" else "below `build/tools`"
        groups = ", ".join(tool["groups"])
        rows.append([f"`{tool['program']}`", tool["minimum"], package, groups, tool["why"]])
    return table(["program", "version", "Debian's package", "groups", "for"], rows, 5)


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


_LISTS: dict[str, Callable[[], str]] = {
    "patches": _patches,
    "packages": _packages,
    "suites": _suites,
    "left-out": _left_out,
    "failures": _failures,
    "faults": _faults,
    "techniques": _techniques,
    "exercises": _exercises,
    "tools": _tools,
    "talks": lambda: talks.table(RESULTS),
}
