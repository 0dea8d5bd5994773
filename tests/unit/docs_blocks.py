"""The blocks of README and docs, and the commands in them as this checkout reads them."""

import contextlib
import importlib
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from makefile import targets

sys.path.extend(
    str(Path(__file__).parents[2] / "src/interp" / name)
    for name in ("", "importer", "packages", "tools", "features/bake")
)

import hpcpy_info
from hpcpy import commands
from hpcpy.commands import with_settings
from hpcpy.core import paths
from hpcpy.core.errors import HpcpyError
from hpcpy.core.parser import program_words
from hpcpy.launch.options import read_request
from hpcpy_common.errors import WorkloadError
from hpcpy_job.__main__ import COMMANDS, STARTERS
from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.registry import TOOLS, WORKLOADS

PAGES = [paths.ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
KINDS = ("tutorials", "how-to", "reference", "explanation")
PAGES += [page for kind in KINDS for page in sorted((paths.ROOT / "docs" / kind).glob("*.md"))]
BLOCK = re.compile(
    r"(?:^ *\*Needs (?P<needs>[^\n]+):\*\n)?"
    # In a list the block is indented.
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
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


@dataclass(frozen=True)
class Block:
    """A fenced block: its place, its language, and what its page says that it needs."""

    page: Path
    line: int
    language: str
    text: str
    needs: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(paths.ROOT)}:{self.line}"


def blocks() -> list[Block]:
    """Return all blocks of all pages."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            line = text[: match.start("language")].count("\n") + 1
            content = textwrap.dedent(match["text"])
            found.append(Block(page, line, match["language"], content, match["needs"] or ""))
    return found


def typed(block: Block) -> list[str]:
    """Return the lines that a reader types, or that a build runs."""
    # A here-document is the input of another program: the shell runs none of its lines.
    text = re.sub(r"<<'(\w+)'\n.*?\n\1\n", "\n", block.text, flags=re.DOTALL)
    lines = text.replace("\\\n", " ").splitlines()
    first = {"console": "$ ", "dockerfile": "RUN ", "singularity": "    "}.get(block.language, "")
    return [line.removeprefix(first) for line in lines if line.startswith(first)]


def split(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line."""
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


def read(words: list[str]) -> str:
    """Parse a command as its program does.

    Returns
    -------
    str
        The program's or module's name; "" for a program that is not this checkout's.

    Raises
    ------
    WrongError
        If the program would refuse the command.
    """
    words = list(words)
    while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
        words.pop(0)
    if not words:
        return ""
    program, rest = Path(words[0]).name, words[1:]
    try:
        return _of(program, rest)
    except (HpcpyError, WorkloadError) as error:
        raise WrongError(str(error)) from error


def _of(program: str, words: list[str]) -> str:
    if program == "make":
        return _make(words)
    if program == "hpcpy":
        return _hpcpy(words)
    if program in LAUNCHERS or program.startswith("$"):
        names = [Path(word).name for word in words]
        if "hpcpy batch" in " ".join(words):
            # The image's own `hpcpy batch`, whose script is redirected into a file.
            return _hpcpy(words[names.index("batch") : names.index(">")])
        at = [names.index(name) for name in PYTHONS if name in names]
        return _python(words[min(at) + 1 :]) if at else ""
    return _python(words) if program in PYTHONS else ""


@contextlib.contextmanager
def _no_exit() -> Iterator[None]:
    """Raise WrongError where argparse exits with an error; --help and --version are none."""
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise WrongError("argparse refuses it") from end


def _make(words: list[str]) -> str:
    names = [word for word in words if not re.search("^-|[=…]", word)]
    if unknown := sorted({*names} - targets()):
        raise WrongError(f"make has no target {unknown[0]}")
    given = "\n ".join(word for word in words if "=" in word)
    for name in names:
        if name not in MAKE:  # help
            continue
        environment = {"HPCPY_SETTINGS": f"{given}\n", "HPCPY_GOALS": " ".join(names)}
        _hpcpy(with_settings(MAKE[name], environment), is_whole="…" not in words)
    return "make"


def _hpcpy(words: list[str], *, is_whole: bool = True) -> str:
    words = [word for word in words if word != "…"]
    try:
        parsed = commands.parse(words)
    except SystemExit:  # --help, --version
        return "hpcpy"
    is_whole = is_whole and not any("…" in word for word in words)
    if words[0] in ("launch", "batch") and is_whole:
        asked = read_request(parsed)
        if asked.workload:
            _workloads(list(asked.workload))
    elif words[0] == "run" and parsed.workload:
        _workloads(program_words(parsed.workload))
    return "hpcpy"


def _workloads(words: list[str]) -> str:
    if words and words[0] in WORKLOADS:
        workload: Workload = importlib.import_module(WORKLOADS[words[0]][0]).WORKLOAD
        techniques = (command.parser(workload).parse_args(words[1:]).impl or "auto").split(",")
        if unknown := {*techniques} - {"all", "auto", *workload.techniques}:
            raise WrongError(f"{words[0]} has no technique {min(unknown)}")
    elif words and words[0] in TOOLS:
        module = importlib.import_module(TOOLS[words[0]][0])
        given = module._parser().parse_args(words[1:])
        if words[0] == "exercise" and (given.check or given.to) and not given.name:
            raise WrongError("which exercise?")
    elif words and words[0] not in ("--help", "--version"):
        raise WrongError(f"there is no workload {words[0]}")
    return "workloads"


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


def _info(words: list[str]) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hpcpy_info", *words])
        return hpcpy_info._options()


_MODULES: dict[str, Callable[[list[str]], object]] = {
    "workloads": _workloads,
    "hpcpy": _hpcpy,
    "hpcpy_job": _job,
    "hpcpy_info": _info,
    "hpcpy_bake": lambda words: words,  # pip's own
}


def _python(words: list[str]) -> str:
    if words[:1] != ["-m"] or len(words) < 2:
        return ""
    name, rest = words[1], [word for word in words[2:] if word not in ("…", ">", "<")]
    if name not in _MODULES:
        return ""
    with _no_exit():
        _MODULES[name](rest)
    return name
