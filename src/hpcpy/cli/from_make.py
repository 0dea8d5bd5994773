"""The variables of make's command line as arguments of a command.

The Makefile hands them on in HPCPY_SETTINGS, as they were typed.  `NODES=2` becomes
`--nodes=2`; of a command without such an option, it becomes the argument that its help
calls NODES.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import MutableMapping, Sequence

from hpcpy.cli.commands import COMMANDS, WITH_PROGRAM, arguments_of
from hpcpy.core.errors import UsageError, suggestion

# For the Makefile alone, or for a make around it: no program started here is part of that make.
_OF_MAKE = ("HPCPY_SETTINGS", "HPCPY_GOALS", "HPCPY_MAKEFILE", "HPCPY_PYTHON")
_MAKES_OWN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR")
# These work as environment variables, too, as does any that begins with HPCPY_.
ENVIRONMENT = ("PEDANTIC", "SETUP")
# PYTHON names the Python to start: the Makefile has already used it.
_ANYWHERE = (*ENVIRONMENT, "PYTHON")
# A line break would be one of a script's or a message's, and bytes that are no text
# (lone surrogates) cannot be written into either.
_NO_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SEVERAL = ("*", "+", argparse.REMAINDER)


def given(text: str) -> dict[str, str]:
    r"""Return the variables that the Makefile wrote into one text.

    Examples
    --------
    >>> given("W=pi --label 'a b'\n NODES=2\n")
    {'W': "pi --label 'a b'", 'NODES': '2'}
    """
    # A line each. In a value a backslash is two, a line break a backslash and n.
    escaped = {r"\\": "\\", r"\n": "\n"}
    entries = [entry.partition("=") for entry in text.removesuffix("\n").split("\n ") if entry]
    return {
        name: re.sub(r"\\[\\n]", lambda match: escaped[match[0]], value)
        for name, _, value in entries
    }


def variables_of(words: Sequence[str]) -> dict[str, argparse.Action]:
    """Return the variables of the command that a target calls, with the argument of each."""
    variables: dict[str, argparse.Action] = {}
    arguments = arguments_of(words)
    for argument in arguments:
        variables |= {
            option[2:].upper().replace("-", "_"): argument
            for option in argument.option_strings
            if option.startswith("--") and option != "--help"
        }
    for argument in arguments:
        if isinstance(argument.metavar, str):
            variables.setdefault(argument.metavar, argument)
    if "PROGRAM" in variables:  # a workload is a program, too
        variables["W"] = variables["PROGRAM"]
    return variables


def with_settings(words: Sequence[str], environment: MutableMapping[str, str]) -> list[str]:
    """Return a command's words and, after them, what make's variables ask for."""
    settings = given(environment.get("HPCPY_SETTINGS", ""))
    is_only_goal = environment.get("HPCPY_GOALS", "") in ("", "0", "1")
    for name in (*_OF_MAKE, *_MAKES_OWN):
        environment.pop(name, None)
    known = variables_of(words) if settings else {}
    options: list[str] = []
    program: dict[str, list[str]] = {}
    for name, value in settings.items():
        if _NO_LINE.search(value):
            raise UsageError(f"{name}={value!r} is not one line of text")
        if name in known:
            words_of = _arguments(name, value.strip(), known[name])
            if known[name].option_strings:
                options += words_of
            elif words_of:
                program[name] = words_of
        elif name in ENVIRONMENT or name.startswith("HPCPY_"):
            environment[name] = value
        elif name not in _ANYWHERE and (is_only_goal or not _is_anothers(name)):
            hint = suggestion(name, [*known, *_ANYWHERE])
            raise UsageError(f"{name!r} is no variable of this target", hint=hint)
    if len(program) > 1:
        raise UsageError(f"both {' and '.join(program)} are given", hint="give one of them")
    # Of a command that takes a program after `--`, an argument stands before it.
    guard = [] if words[0] in WITH_PROGRAM else ["--"]
    last = [word for found in program.values() for word in (*guard, *found)]
    # Before an argument that may be left out: argparse takes it for left out at an option.
    command, *first = words
    return [command, *options, *first, *last]


def _arguments(name: str, value: str, argument: argparse.Action) -> list[str]:
    """Return the words for one variable; none where it is empty."""
    option = next((text for text in argument.option_strings if text.startswith("--")), "")
    if not value:
        return []
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


def _is_anothers(name: str) -> bool:
    """Return whether another command has a variable: where several targets stand together."""
    return any(name in variables_of([command]) for command in COMMANDS)
