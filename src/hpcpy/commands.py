"""The subcommands; each module is imported on use."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.paths import CALLED, project_version
from hpcpy.core.trust import require_safe_checkout
from hpcpy_common.errors import UsageError, suggestion
from hpcpy_common.options import Parser

# command -> (module, what it does).  The module has `declare(parser)`, which adds
# the command's arguments, and `main(options) -> exit code`.
COMMANDS = {
    "setup": ("hpcpy.engine.setup", "provide Apptainer, buildah and the tools a build needs"),
    "fetch": ("hpcpy.fetch.command", "download and verify every pinned source, wheel and package"),
    "lock": ("hpcpy.lock.command", "resolve the pins again and list the changes"),
    "relink": ("hpcpy.relink", "move a library of Debian's, and link an image anew"),
    "build": ("hpcpy.images.command", "build an OCI archive, a SIF, or an interpreter as one file"),
    "sbom": ("hpcpy.images.sbom_file", "write what is in an image (its SBOM), as SPDX"),
    "verify": ("hpcpy.images.verify", "build again, from an empty cache, and compare the bytes"),
    "release": ("hpcpy.release", "write an image, its SBOM and provenance into one folder"),
    "install": ("hpcpy.install", "copy what the tool's wheel has below a prefix, for packagers"),
    "run": ("hpcpy.launch.run", "run a workload in the image, which is built first"),
    "pack": ("hpcpy.pack.command", "pack a conda environment or a venv into one file, in place"),
    "cluster": ("hpcpy.cluster.command", "start a Slurm of two nodes here, or --stop it"),
    "launch": ("hpcpy.launch.command", "run a program or a workload on several nodes, by srun"),
    "site": ("hpcpy.launch.settings", "print what a launch is given here, and where it is from"),
    "batch": ("hpcpy.launch.command", "write a script for sbatch that runs a program or workload"),
    "modulefile": ("hpcpy.launch.modulefile", "write a module file with a SIF's python, mpiexec"),
    "kernelspec": ("hpcpy.launch.kernelspec", "write a Jupyter kernel that runs in an image"),
    "doctor": ("hpcpy_job.doctor.command", "say what is wrong with this machine or job"),
    "forecast": ("hpcpy_job.forecast.command", "say how long many ranks would wait for a start"),
    "clean": ("hpcpy.clean", "remove the images, or everything that was built"),
    "check": ("hpcpy.maintain", "lint, types and host tests"),
    "test": ("hpcpy.maintain", "run the tests, inside the image and out"),
    "test-long": ("hpcpy.maintain", "run the tests that take long"),
    "test-gpu": ("hpcpy.maintain", "check and time every row for a GPU"),
    "test-upstream": ("hpcpy.maintain", "run the packages' own tests, for hours"),
    "test-packages": ("hpcpy.maintain", "run scientists' packages, in a venv and baked"),
    "bench": ("hpcpy.maintain", "measure the starts that README shows"),
    "storm": ("hpcpy.maintain", "start ranks on a shared file system of this machine"),
    "html": ("hpcpy.maintain", "build README and docs as pages for a browser"),
    "docs": ("hpcpy.core.pages", "print a page of the documentation, or list them all"),
}

_ALL = frozenset(COMMANDS)
if not paths.IS_CHECKOUT:
    # What an image, the one file and a wheel have of them; hpcpy_job is a package of their own.
    COMMANDS = {
        name: (module, what)
        for name, (module, what) in COMMANDS.items()
        if module.startswith("hpcpy_job.")
        or Path(paths.MODULES, f"{module.replace('.', '/')}.py").is_file()
    }

# What `--help` lists: all but what maintainers of the images call.
_FOR_USERS = {
    *("setup", "build", "run", "test", "clean", "docs", "doctor", "forecast", "cluster"),
    *("launch", "batch", "site", "modulefile", "kernelspec", "pack"),
}

# Words after `--` are a user's program with its own options.
WITH_PROGRAM = frozenset({"run", "pack", "launch", "batch"})


def top_parser(command: str = "") -> Parser:
    """Return the parser of all commands, with the arguments of one."""
    about = "Launch programs in an image of hpcpy, or in the one file."
    if paths.IS_CHECKOUT:
        about = "Build and launch the images of this checkout."
    epilog = f"{CALLED} COMMAND --help prints a command's arguments, {CALLED} docs lists the pages."
    if others := [name for name in COMMANDS if name not in _FOR_USERS]:
        epilog += f" For maintainers: {', '.join(others)}."
    parser = Parser(prog=CALLED, description=about, epilog=epilog)
    version = f"hpcpy {project_version()}"
    parser.add_argument("--version", action="version", version=version, help="print it and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, (where, what) in COMMANDS.items():
        about = f"{what[0].upper()}{what[1:]}."
        listed: dict[str, Any] = {"help": what} if name in _FOR_USERS else {}
        subparser = commands.add_parser(name, description=about, **listed)
        if name == command:
            module = importlib.import_module(where)
            module.declare(subparser)
            subparser.set_defaults(main=module.main)
    return parser


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read a command's arguments; `program` has the words after ``--`` of `WITH_PROGRAM`."""
    first = words[0] if words else ""
    if first not in COMMANDS and not first.startswith("-"):
        if first in _ALL:
            hint = f"git clone …/hpcpy (README.md); here there are {', '.join(COMMANDS)}"
            raise UsageError(f"{first} is a command of a checkout", hint=hint)
        raise UsageError(f"unknown command {first!r}", hint=suggestion(first, COMMANDS))
    own, program = list(words), []
    if first in WITH_PROGRAM and "--" in own:
        at = own.index("--")
        own, program = own[:at], own[at + 1 :]
    options, others = top_parser(first).parse_known_args(own)
    others = [*getattr(options, "program", ()), *others]
    if others:
        # parse_args would name the help of all commands.
        hint = f"see {CALLED} {f'{first} ' if first in COMMANDS else ''}--help"
        if first in WITH_PROGRAM:
            hint = f"a program and its options stand after --; {hint}"
        raise UsageError(f"unrecognized arguments: {' '.join(' '.join(others).split())}", hint=hint)
    options.words = list(words)
    options.program = program
    return options


def run(words: Sequence[str]) -> int:
    """Run a command, its name and its arguments, and return its exit code."""
    options = parse(words)
    if paths.IS_CHECKOUT:
        paths.check_root()
        require_safe_checkout()
    return int(options.main(options))


# For the Makefile alone, or for a make around it: no program started here is part of that make.
_OF_MAKE = ("HPCPY_SETTINGS", "HPCPY_MAKEFILE", "HPCPY_PYTHON")
_MAKES_OWN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR")
# These work as environment variables, too, as does any that begins with HPCPY_.
ENVIRONMENT = ("PEDANTIC", "SETUP")
# PYTHON names the Python to start: the Makefile has already used it.
_ANYWHERE = (*ENVIRONMENT, "PYTHON")
# A line break would be one of a script's or a message's, and bytes that are no text
# (lone surrogates) cannot be written into either.
_NO_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SEVERAL = ("*", "+")


def given(text: str) -> dict[str, str]:
    r"""Return the variables that the Makefile wrote into one text, such as ``W=pi\n NODES=2\n``."""
    # A line each. In a value a backslash is two, a line break a backslash and n.
    escaped = {r"\\": "\\", r"\n": "\n"}
    entries = [entry.partition("=") for entry in text.removesuffix("\n").split("\n ") if entry]
    return {
        name: re.sub(r"\\[\\n]", lambda match: escaped[match[0]], value)
        for name, _, value in entries
    }


def variables_of(command: str) -> dict[str, argparse.Action]:
    """Return the variables of the command that a target calls, with the argument of each."""
    variables: dict[str, argparse.Action] = {}
    parser = Parser(prog=command)
    importlib.import_module(COMMANDS[command][0]).declare(parser)
    for argument in parser.arguments:
        variables |= {
            option[2:].upper().replace("-", "_"): argument
            for option in argument.option_strings
            if option.startswith("--") and option != "--help"
        }
    for argument in parser.arguments:
        if isinstance(argument.metavar, str):
            variables.setdefault(argument.metavar, argument)
    if "PROGRAM" in variables:  # a workload is a program, too
        variables["W"] = variables["PROGRAM"]
    return variables


def with_settings(words: Sequence[str], environment: MutableMapping[str, str]) -> list[str]:
    """Return a command's words and, after them, what make's variables ask for."""
    settings = given(environment.get("HPCPY_SETTINGS", ""))
    for name in (*_OF_MAKE, *_MAKES_OWN):
        environment.pop(name, None)
    known = variables_of(words[0]) if settings else {}
    options: list[str] = []
    program: dict[str, list[str]] = {}
    for name, value in settings.items():
        if _NO_LINE.search(value):
            shown = name if name.isprintable() else repr(name)
            raise UsageError(f"{shown}={value!r} is not one line of text")
        if name in known:
            words_of = _arguments(name, value.strip(), known[name])
            if known[name].option_strings:
                options += words_of
            elif words_of:
                program[name] = words_of
        elif name in ENVIRONMENT or name.startswith("HPCPY_"):
            environment[name] = value
        elif name not in _ANYWHERE:
            hint = suggestion(name, [*known, *_ANYWHERE])
            raise UsageError(f"{name!r} is no variable of this target", hint=hint)
    if len(program) > 1:
        raise UsageError(f"both {' and '.join(program)} are given", hint="give one of them")
    # pack's argument stands before the `--` of its program.
    guard = [] if words[0] == "pack" else ["--"]
    last = [word for words_of in program.values() for word in (*guard, *words_of)]
    # Before an argument that may be left out: argparse takes it for left out at an option.
    command, *first = words
    return [command, *options, *first, *last]


def _arguments(name: str, value: str, argument: argparse.Action) -> list[str]:
    """Return the words for one variable; none where it is empty, but for a file."""
    option = next((text for text in argument.option_strings if text.startswith("--")), "")
    if not value:
        # A variable of a shell's that is not set: a release would be unsigned without a word.
        return [f"{option}="] if option and argument.type is paths.named else []
    if argument.nargs == 0:  # a flag
        if value not in ("0", "1"):
            raise UsageError(f"{name}={value} is neither 0 nor 1")
        return [option] if value == "1" else []
    is_list = argument.nargs in _SEVERAL or isinstance(argument.default, list)
    try:
        values = shlex.split(value) if is_list else [value]
    except ValueError as error:
        raise UsageError(f"{name}={value}: {str(error).lower()}") from error
    if option:
        return [f"{option}={word}" for word in values]
    return ["-m", "workloads", *values] if name == "W" and argument.metavar != "W" else values
