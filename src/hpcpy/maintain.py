"""``hpcpy test``, ``check``, ``bench`` …: tests, measurements and pages, for who changes hpcpy."""

from __future__ import annotations

import argparse
import os
import sys

from hpcpy.core import paths
from hpcpy.core.programs import run

_IMAGE = ("--image", "IMAGE", "only the tests inside of this image")
_ARCH = ("--arch", "ARCH", "in the image for this architecture, emulated")
_ON = ("--on", "ON", "here, or a Python: without a container")
_SUITE = ("--suite", "SUITE", "those of this package alone, such as h5py; may be repeated")
_PACKAGES = ("--packages", "PACKAGES", "this one alone, such as scipy; may be repeated")
# The options of each command.
_OPTIONS = {"test": (_IMAGE, _ARCH), "test-gpu": (_ON,)}
# The tests of single packages, by an option that takes several names.
_CASES = {
    "test-upstream": (_SUITE, "tests/upstream/test_suites.py::test_suite"),
    "test-packages": (_PACKAGES, "tests/packages/test_programs.py::test_package"),
}
_SPHINX = (
    *("--fail-on-warning", "--keep-going", "--quiet", "--fresh-env", "--write-all"),
    *("--conf-dir=docs", ".", "build/docs"),
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command that the parser is for."""
    name = parser.prog.split()[-1]
    for option, value, help_ in _OPTIONS.get(name, ()):
        parser.add_argument(option, default="", metavar=value, help=help_)
    if name in _CASES:
        (option, value, help_), _ = _CASES[name]
        parser.add_argument(option, action="append", default=[], metavar=value, help=help_)


def main(options: argparse.Namespace) -> int:
    """Become the command's last program, if those before it succeed; return their exit code."""
    name = options.words[0]
    os.chdir(paths.ROOT)
    # For the errors of tests/run.py, which nobody has called by its name.
    os.environ["HPCPY_CALLED"] = f"hpcpy {name}"
    *before, last = _programs(name, options)
    for words in before:
        if code := run([sys.executable, *words]).returncode:
            sys.exit(code)
    # By exec: at Ctrl-C tests end what they have started, longer than a runner waits.
    os.execv(sys.executable, [sys.executable, *last])  # noqa: S606


def _programs(name: str, options: argparse.Namespace) -> list[list[str]]:
    tests = "tests/run.py"
    if name in ("bench", "storm"):
        programs = ("storm",) if name == "storm" else ("startup", "cold")
        return [[f"benchmarks/{program}.py"] for program in programs]
    if name == "html":
        copy = "import shutil; shutil.copy('build/docs/README.html', 'build/docs/index.html')"
        return [[tests, "--python", "docs", "-m", "sphinx", *_SPHINX], ["-c", copy]]
    if name in _CASES:
        (option, _, _), test = _CASES[name]
        chosen = [f"{test}[{case}]" for case in getattr(options, option[2:])]
        cases = chosen or ["-m", "not heavy", test]
        return [[tests, "--python", "dev", "-m", "pytest", "-vs", *cases]]
    tier = [] if name == "test" else [f"--{name.removeprefix('test-')}"]
    given = [(option, getattr(options, option[2:])) for option, *_ in _OPTIONS.get(name, ())]
    return [[tests, *tier, *(f"{option}={value}" for option, value in given if value)]]
