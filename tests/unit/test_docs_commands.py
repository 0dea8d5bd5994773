"""Commands in README and docs exist in this checkout, and so do their options.

Each is parsed here as make, `./hpcpy` and the image's modules parse it; those for the image are
run by `tests/launch/test_docs_run.py`.
"""

import contextlib
import importlib
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from makefile import targets

from hpcpy import commands
from hpcpy.commands import with_settings
from hpcpy.core import paths
from hpcpy.launch.options import read_request
from hpcpy_common.errors import HpcpyError
from hpcpy_job.__main__ import COMMANDS, STARTERS
from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.registry import TOOLS, WORKLOADS

PAGES = [paths.ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
KINDS = ("tutorials", "how-to", "reference", "explanation")
PAGES += [page for kind in KINDS for page in sorted((paths.ROOT / "docs" / kind).glob("*.md"))]
# In a list the block is indented.
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
# What a reader types, or builds from; others are files, and text is what is printed.
COMMANDS_OF = ("sh", "console", "bash", "dockerfile", "singularity")
# What separates the commands of one line.
BETWEEN = {"&&", "||", ";", "|", "&"}
# Programs that start what follows them: a Python, inside an image or outside.
LAUNCHERS = {"srun", "mpiexec", "apptainer", "podman", "podman-hpc", "shifter"}
PYTHONS = {"python", "python3"}
MAKE = {
    target: command.split()
    for target, command in re.findall(
        r"^([a-z-]+):.*\n\t@\$\(HPCPY\) (.*)$", (paths.ROOT / "Makefile").read_text(), re.MULTILINE
    )
}


class WrongError(Exception):
    """A command that this checkout would refuse."""


def typed(block: re.Match[str]) -> list[str]:
    """Return the lines that a reader types, or that a build runs."""
    # A here-document is the input of another program: the shell runs none of its lines.
    text = textwrap.dedent(block["text"])
    text = re.sub(r"<<'(\w+)'\n.*?\n\1\n", "\n", text, flags=re.DOTALL)
    lines = text.replace("\\\n", " ").splitlines()
    first = {"console": "$ ", "dockerfile": "RUN ", "singularity": "    "}.get(
        block["language"], ""
    )
    return [line.removeprefix(first) for line in lines if line.startswith(first)]


def split(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in BETWEEN:
            if words:
                yield words
            words = []
        else:
            words.append(word)


def read(words: list[str]) -> None:
    """Parse a command as its program does, if it is this checkout's; WrongError if refused."""
    words = list(words)
    while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
        words.pop(0)
    if not words:
        return
    try:
        _of(Path(words[0]).name, words[1:])
    except HpcpyError as error:
        raise WrongError(str(error)) from error


def _of(program: str, words: list[str]) -> None:
    if program == "make":
        _make(words)
    elif program == "hpcpy":
        _hpcpy(words)
    elif program in PYTHONS:
        _python(words)
    elif program in LAUNCHERS or program.startswith("$"):
        names = [Path(word).name for word in words]
        at = [names.index(name) for name in PYTHONS if name in names]
        if "hpcpy batch" in " ".join(words):
            # The image's own `hpcpy batch`, whose script is redirected into a file.
            _hpcpy(words[names.index("batch") : names.index(">")])
        elif at:
            _python(words[min(at) + 1 :])


@contextlib.contextmanager
def _no_exit() -> Iterator[None]:
    """Raise WrongError where argparse exits with an error; --help and --version are none."""
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise WrongError("argparse refuses it") from end


def _make(words: list[str]) -> None:
    names = [word for word in words if not re.search("^-|[=…]", word)]
    if unknown := sorted({*names} - targets()):
        raise WrongError(f"make has no target {unknown[0]}")
    given = "\n ".join(word for word in words if "=" in word)
    for name in names:
        if name not in MAKE:  # help
            continue
        environment = {"HPCPY_SETTINGS": f"{given}\n"}
        _hpcpy(with_settings(MAKE[name], environment), is_whole="…" not in words)


def _hpcpy(words: list[str], *, is_whole: bool = True) -> None:
    words = [word for word in words if word != "…"]
    if words[:1] in (["doctor"], ["forecast"]):
        _job(words)
        return
    try:
        parsed = commands.parse(words)
    except SystemExit:  # --help, --version
        return
    is_whole = is_whole and not any("…" in word for word in words)
    if words[0] in ("launch", "batch") and is_whole:
        asked = read_request(parsed)
        if asked.workload:
            _workloads(list(asked.workload))
    elif words[0] == "run" and parsed.program:
        _workloads(parsed.program)


def _workloads(words: list[str]) -> None:
    if words and words[0] in WORKLOADS:
        workload: Workload = importlib.import_module(WORKLOADS[words[0]][0]).WORKLOAD
        techniques = (command.parser(workload).parse_args(words[1:]).impl or "auto").split(",")
        # Those of another Python have its version behind their name.
        techniques = [one.partition("-3.")[0] for one in techniques]
        if unknown := {*techniques} - {"all", "auto", *workload.techniques}:
            raise WrongError(f"{words[0]} has no technique {min(unknown)}")
    elif words and words[0] in TOOLS:
        module = importlib.import_module(TOOLS[words[0]][0])
        given = module._parser().parse_args(words[1:])
        if words[0] == "exercise" and given.to and not given.name:
            raise WrongError("which exercise?")
    elif words and words[0] not in ("--help", "--version"):
        raise WrongError(f"there is no workload {words[0]}")


def _job(words: list[str]) -> None:
    name, *rest = words or ["--help"]
    if name in STARTERS:
        importlib.import_module(STARTERS[name][0])
        if not rest:
            raise WrongError(f"{name} starts no program")
    elif name in COMMANDS:
        importlib.import_module(COMMANDS[name][0])._parser().parse_args(rest)
    elif name not in ("--help", "--version"):
        raise WrongError(f"hpcpy_job has no {name}")


_MODULES: dict[str, Callable[[list[str]], None]] = {
    "workloads": _workloads,
    "hpcpy": _hpcpy,
    "hpcpy_job": _job,
}


def _python(words: list[str]) -> None:
    if words[:1] == ["-m"] and words[1:2] and words[1] in _MODULES:
        with _no_exit():
            _MODULES[words[1]]([word for word in words[2:] if word not in ("…", ">", "<")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_blocks_are_there(page: Path) -> None:
    for block in BLOCK.finditer(page.read_text()):
        for line in typed(block) if block["language"] in COMMANDS_OF else ():
            for words in split(line):
                try:
                    read(words)
                except WrongError as error:
                    pytest.fail(f"{page}: {' '.join(words)}: {error}")
