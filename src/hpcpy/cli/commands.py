"""The subcommands; each module is imported on use."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence

from hpcpy.core import paths
from hpcpy.core.errors import UsageError, suggestion
from hpcpy.core.parser import Parser
from hpcpy.core.paths import project_version
from hpcpy.core.trust import require_safe_checkout

# command -> (module, what it does).  The module has `declare(parser)`, which adds
# the command's arguments, and `main(options) -> exit code`.
COMMANDS = {
    "setup": ("hpcpy.engine.setup", "provide Apptainer, buildah and the tools a build needs"),
    "fetch": ("hpcpy.fetch.command", "download and verify every pinned source, wheel and package"),
    "lock": ("hpcpy.lock.command", "resolve the pins again and list the changes"),
    "build": ("hpcpy.build.command", "build an OCI archive, a SIF, or an interpreter as one file"),
    "context": ("hpcpy.build.context", "write an image's complete build context"),
    "sbom": ("hpcpy.cli.sbom", "write an image's software bill of materials (SBOM), as SPDX"),
    "verify": ("hpcpy.build.verify", "build twice and compare the bytes, or check a given file"),
    "release": ("hpcpy.release.command", "write an image, its SBOM and provenance into one folder"),
    "push": ("hpcpy.build.push", "send an image to a registry, as OCI or as SIF"),
    "run": ("hpcpy.launch.run", "run a workload in the image, which is built first"),
    "pack": ("hpcpy.pack.command", "pack a conda environment or a venv into one file, in place"),
    "cluster": ("hpcpy.cluster.command", "start a Slurm of two nodes here, or --stop it"),
    "launch": ("hpcpy.launch.command", "run a program or a workload on several nodes, by srun"),
    "batch": (
        "hpcpy.launch.command",
        "write a script for sbatch that runs a program or workload",
    ),
    "modulefile": ("hpcpy.launch.modulefile", "write a module file with a SIF's python, mpiexec"),
    "kernelspec": ("hpcpy.launch.kernelspec", "write a Jupyter kernel that runs in an image"),
    "clean": ("hpcpy.cli.clean", "remove the images, everything that was built, or the cache"),
}

# Words after `--` are a user's program with its own options.
WITH_PROGRAM = frozenset({"pack"})


def add_commands(
    parser: argparse.ArgumentParser, table: Mapping[str, tuple[str, str]], wanted: Sequence[str]
) -> None:
    """Add a subcommand for each row of a table like `COMMANDS`.

    Only the modules of those that are wanted are imported and declare their arguments.
    """
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, (where, what) in table.items():
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name in wanted:
            module = importlib.import_module(where)
            module.declare(command)
            if hasattr(module, "main"):
                command.set_defaults(main=module.main)


def top_parser(command: str = "") -> Parser:
    """Return the parser of all commands, with the arguments of one."""
    parser = Parser(
        prog="hpcpy",
        description="Build and launch the images of this checkout.",
        epilog="hpcpy COMMAND --help prints a command's arguments.",
    )
    version = f"hpcpy {project_version()}"
    parser.add_argument("--version", action="version", version=version, help="print it and exit")
    add_commands(parser, COMMANDS, [command])
    return parser


def arguments_of(words: Sequence[str]) -> list[argparse.Action]:
    """Return the arguments of the command or subcommand that these words begin with."""
    parser: argparse.ArgumentParser = top_parser(words[0])
    for word in words:
        commands = next((one.choices for one in parser._actions if _has_commands(one)), None)
        if not (commands and word in commands):
            break
        parser = dict(commands)[word]
    return [one for one in parser._actions if not _has_commands(one)]


def _has_commands(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read a command and its arguments.

    The result has what the command's module declared; ``main``, which runs it; ``words``, as
    they were given; ``program``, those after ``--`` of `WITH_PROGRAM`.
    """
    first = words[0] if words else ""
    if first not in COMMANDS and not first.startswith("-"):
        raise UsageError(f"unknown command {first!r}", hint=suggestion(first, COMMANDS))
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
    """Run a command, its name and its arguments, and return its exit code."""
    options = parse(words)
    paths.check_root()
    require_safe_checkout()
    return int(options.main(options))
