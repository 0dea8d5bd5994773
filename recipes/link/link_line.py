"""Read from a compiler driver's command line what it is asked to link."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Options whose value is the next argument; also those of compiling, since
# drivers accept them on link lines and ignore them.
_WITH_VALUE = frozenset(
    {"-o", "-L", "-l", "-T", "-u", "-z", "-x", "-e", "-h", "-I", "-D", "-U"}
    | {"-isystem", "-include", "-idirafter", "-iquote", "-MF", "-MT", "-MQ"}
    | {"-Xlinker", "-Xassembler", "-Xpreprocessor"}
)
# With one of these, a command links no shared object.
_NO_LINK = frozenset({"-c", "-S", "-E", "-M", "-MM", "-r", "-fsyntax-only"})
# Of the options for the linker, only the grouping of archives matters in a
# relocatable link; the others (rpaths, sonames, hardening, version scripts)
# are for the final link to decide.
_GROUPING = frozenset(
    {
        "--start-group",
        "--end-group",
        "-(",
        "-)",
        "--whole-archive",
        "--no-whole-archive",
    }
)
_GLIBC = frozenset({"-lm", "-lc", "-lpthread", "-ldl", "-lrt", "-lutil"})
# What each driver adds to a link by itself.
_OF_DRIVER = {"g++": "-lstdc++", "c++": "-lstdc++", "gfortran": "-lgfortran"}


@dataclass
class LinkLine:
    """The parts of a link command that matter to a relocatable link."""

    output: Path  # The file that ``-o`` names
    # Objects, sources, archives and their grouping, in the order given
    inputs: list[str] = field(default_factory=list)
    # Left to the final link: ``-lNAME``, or the path of another package's library
    libraries: list[str] = field(default_factory=list)


def expand(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the arguments with each response file's content in its place.

    Ninja puts even ``-shared`` into them if a line is long.
    """
    for argument in arguments:
        if argument.startswith("@") and Path(argument[1:]).is_file():
            yield from expand(shlex.split(Path(argument[1:]).read_text()))
        else:
            yield argument


def links_shared(arguments: list[str]) -> bool:
    """Tell whether expanded arguments ask for a shared object."""
    return "-shared" in arguments and _NO_LINK.isdisjoint(arguments)


def read(driver: str, arguments: list[str], own: Path) -> LinkLine:
    """Read an expanded link command; an archive below `own` is part of the module."""
    line = LinkLine(Path("a.out"))
    waiting = iter(arguments)
    for argument in waiting:
        if argument in _WITH_VALUE:
            _add_option(line, argument, next(waiting, ""))
        elif argument.startswith("-l"):
            _add_library(line, argument)
        elif argument == "-fopenmp":
            _add_library(line, "-lgomp")
        elif argument.startswith("-Wl,"):
            line.inputs += [f"-Wl,{one}" for one in argument.split(",")[1:] if one in _GROUPING]
        elif not argument.startswith("-"):
            _add_file(line, argument, own)
    if driver in _OF_DRIVER:
        _add_library(line, _OF_DRIVER[driver])
    return line


def _add_option(line: LinkLine, option: str, value: str) -> None:
    if option == "-o":
        line.output = Path(value)
    elif option == "-l":
        _add_library(line, f"-l{value}")
    elif option == "-Xlinker" and value in _GROUPING:
        line.inputs.append(f"-Wl,{value}")


def _add_library(line: LinkLine, library: str) -> None:
    # glibc's are on every link line; repeating them for each module only
    # makes the final link's longer.
    if library not in _GLIBC and library not in line.libraries:
        line.libraries.append(library)


def _add_file(line: LinkLine, file: str, own: Path) -> None:
    path = Path(file)
    is_archive = path.suffix == ".a"
    is_shared = path.suffix == ".so" or ".so." in path.name
    if is_shared or (is_archive and not path.resolve().is_relative_to(own.resolve())):
        _add_library(line, str(path.resolve()))
    else:
        line.inputs.append(file)
