"""The subcommands; each module is imported on use."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence

from hpcpy import paths
from hpcpy.cache.own import require_safe_checkout
from hpcpy.errors import UsageError, suggestion
from hpcpy.parser import Parser
from hpcpy.version import project_version

# command -> (module, what it does).  The module has `declare(parser)`, which adds
# the command's arguments, and `main(options) -> exit code`.
COMMANDS = {
    "setup": ("hpcpy.engine.setup", "provide Apptainer, buildah and the tools a build needs"),
    "fetch": ("hpcpy.fetch.command", "download and verify every pinned source, wheel and package"),
    "lock": ("hpcpy.lock.command", "resolve the pins again and list the changes"),
    "outdated": ("hpcpy.lock.outdated", "list newer versions of each pin"),
    "build": ("hpcpy.build.command", "build an image as an OCI archive or a SIF"),
    "context": ("hpcpy.build.context", "write an image's complete build context"),
    "size": ("hpcpy.build.size", "list an image's parts and their sizes"),
    "sbom": ("hpcpy.build.sbom", "write an image's software bill of materials (SBOM), as SPDX"),
    "audit": ("hpcpy.audit.command", "check an image's components for known vulnerabilities"),
    "verify": ("hpcpy.build.verify", "build twice and compare the bytes, or check a given file"),
    "release": ("hpcpy.release.command", "write an image, its SBOM and provenance into one folder"),
    "sign": ("hpcpy.release.sign", "sign a release by a private key"),
    "check-signature": ("hpcpy.release.check", "check a release by its makers' public key"),
    "push": ("hpcpy.build.push", "send an image to a registry, as OCI or as SIF"),
    "run": ("hpcpy.launch.run", "run a workload in the image, which is built first"),
    "adopt": ("hpcpy.adopt.command", "bake a conda environment's packages into an image"),
    "cluster": ("hpcpy.cluster.command", "start a Slurm of two nodes here, or --stop it"),
    "launch": ("hpcpy.launch.command", "run a program or a workload on several nodes, by srun"),
    "batch": (
        "hpcpy.launch.command",
        "write a script for sbatch that runs a program or a workload",
    ),
    "modulefile": (
        "hpcpy.launch.modulefile",
        "write a module file with a SIF's python and mpiexec",
    ),
    "kernelspec": ("hpcpy.launch.kernelspec", "write a Jupyter kernel that runs in an image"),
    "check": ("hpcpy.testing.check", "run lint, type checks and host tests"),
    "test": ("hpcpy.testing.command", "run the tests of the image and of its launch"),
    "test-cuda": ("hpcpy.testing.cuda", "run the tests of hpcpy-cuda that need no GPU"),
    "test-gpu": ("hpcpy.testing.gpu", "run every GPU row with its answer checked, on a GPU"),
    "test-upstream": ("hpcpy.upstream.command", "run the packages' own tests in the images"),
    "test-packages": ("hpcpy.packages.command", "use packages of PyPI in venvs on the images"),
    "faults": ("hpcpy.testing.faults", "break things on purpose and report what happens"),
    "fuzz": ("hpcpy.testing.fuzz", "feed random inputs to our C, built with sanitizers"),
    "docs": ("hpcpy.pages.command", "build README and docs as HTML pages"),
    "clean": (
        "hpcpy.cache.clean_build",
        "remove the images, or with --all everything that was built",
    ),
    "clean-cache": ("hpcpy.cache.clean", "shrink the cache to a number of GiB, oldest first"),
}

# Words after `--` are a user's program with its own options.
WITH_PROGRAM = frozenset({"adopt"})


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
        description="Build, test and launch the images of this checkout.",
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

    Raises
    ------
    UsageError
        When a command or an argument is unknown.
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
