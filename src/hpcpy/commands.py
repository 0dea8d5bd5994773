"""The subcommands; each module is imported on use."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from hpcpy import paths
from hpcpy.cache.own import require_safe_checkout
from hpcpy.errors import UsageError
from hpcpy.launch.request import meant
from hpcpy.version import project_version

# command -> (module, what it does).  The module has `declare(parser)`, which adds
# the command's arguments, and `main(options) -> exit code`.
COMMANDS = {
    "setup": ("hpcpy.engine.setup", "provide Apptainer, buildah and the tools a build needs"),
    "fetch": ("hpcpy.fetch.command", "download and verify every pinned source, wheel and package"),
    "lock": ("hpcpy.lock.command", "resolve the pins again and list the changes"),
    "build": ("hpcpy.build.command", "build an image as an OCI archive or a SIF"),
    "context": ("hpcpy.build.context", "write an image's complete build context"),
    "sbom": ("hpcpy.sbom.command", "write an image's software bill of materials (SBOM), as SPDX"),
    "verify": ("hpcpy.build.verify", "build twice and compare the bytes, or check a given file"),
    "release": ("hpcpy.release.command", "write an image, its SBOM and provenance into one folder"),
    "push": ("hpcpy.build.push", "send an image to a registry, as OCI or as SIF"),
    "run": ("hpcpy.launch.run", "run a workload in the image, which is built first"),
    "adopt": ("hpcpy.adopt.command", "bake a conda environment's packages into an image"),
    "cluster": ("hpcpy.cluster.command", "start a Slurm of two nodes here, or --stop it"),
    "launch": ("hpcpy.launch.command", "run a program or a workload on several nodes, by srun"),
    "batch": ("hpcpy.launch.batch", "write a script for sbatch that runs a program or a workload"),
    "modulefile": ("hpcpy.wrap.modulefile", "write a module file with a SIF's python and mpiexec"),
    "kernelspec": ("hpcpy.wrap.kernelspec", "write a Jupyter kernel that runs in an image"),
    "clean": ("hpcpy.cache.clean", "remove the images, everything that was built, or the cache"),
}

# Words after `--` are a user's program with its own options.
WITH_PROGRAM = frozenset({"adopt"})


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line.

    Parameters
    ----------
    options
        Those of `argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        version = "print hpcpy's version and exit"
        self.add_argument("--version", action=_Version, nargs=0, help=version)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # Before Python 3.13 the value of `--out=--` is an empty list.
        if action.option_strings and arg_strings == ["--"]:
            self.error(f"argument {'/'.join(action.option_strings)}: -- is no value")
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's error as ours."""
        raise UsageError(" ".join(message.split()), hint=f"see {self.prog} --help")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"hpcpy {project_version()}")
        parser.exit()


def add_commands(
    parser: argparse.ArgumentParser, table: Mapping[str, tuple[str, str]], wanted: Sequence[str]
) -> None:
    """Add a subcommand for each row of a table.

    Parameters
    ----------
    parser
        The parser that gets the subcommands.
    table
        Like `COMMANDS`.
    wanted
        The subcommands whose modules are imported and declare their arguments.
    """
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, (where, what) in table.items():
        one = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name in wanted:
            module = importlib.import_module(where)
            module.declare(one)
            if hasattr(module, "main"):
                one.set_defaults(main=module.main)


def top_parser(command: str = "") -> Parser:
    """Return the parser of all commands, with the arguments of one."""
    parser = Parser(
        prog="hpcpy",
        description="Build, test and launch the images of this checkout.",
        epilog="hpcpy COMMAND --help prints a command's arguments.",
    )
    add_commands(parser, COMMANDS, [command])
    return parser


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read a command and its arguments.

    Returns
    -------
    argparse.Namespace
        What the command's module declared; ``main``, which runs it; ``words``,
        as they were given; ``program``, those after ``--`` of `WITH_PROGRAM`.

    Raises
    ------
    UsageError
        When a command or an argument is unknown.
    """
    first = words[0] if words else ""
    if first not in COMMANDS and not first.startswith("-"):
        raise UsageError(f"unknown command {first!r}", hint=meant(first, COMMANDS))
    own, program = list(words), None
    if first in WITH_PROGRAM:
        at = own.index("--") if "--" in own else len(own)
        own, program = own[:at], own[at + 1 :]
    options, others = top_parser(first).parse_known_args(own)
    if others:
        # parse_args would name the help of all commands.
        hint = f"see hpcpy {first} --help" if first in COMMANDS else "see hpcpy --help"
        raise UsageError(f"unrecognized arguments: {' '.join(' '.join(others).split())}", hint=hint)
    options.words = list(words)
    if program is not None:
        options.program = program
    return options


def run(words: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    words
        Its name and its arguments.

    Returns
    -------
    int
        Its exit code.

    Raises
    ------
    HpcpyError
        When it fails for a known cause.
    """
    options = parse(words)
    paths.check_root()
    require_safe_checkout()
    return int(options.main(options))
