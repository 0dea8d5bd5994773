"""The variables of make's command line as arguments of a command.

The Makefile hands them on in HPCPY_SETTINGS, as they were typed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, MutableMapping, Sequence

from hpcpy.errors import UsageError
from hpcpy.launch import request
from hpcpy.launch.request import meant
from hpcpy.wrap import KERNELSPEC, MODULEFILE

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


def _word(_: str, value: str) -> list[str]:
    return ["--", value.strip()]


def _words(name: str, value: str) -> list[str]:
    try:
        return ["--", *shlex.split(value)]
    except ValueError as error:
        raise UsageError(f"{name}={value}: {str(error).lower()}") from error


def _assignment(name: str, value: str) -> list[str]:
    return [f"{name}={value}"]


def _option(option: str) -> Callable[[str, str], list[str]]:
    return lambda _, value: [f"{option}={value.strip()}"]


def _each(option: str) -> Callable[[str, str], list[str]]:
    return lambda name, value: [f"{option}={word}" for word in _words(name, value)[1:]]


_LAUNCH = dict.fromkeys(request.SETTINGS, _assignment)
# The first words of a command -> its variables, and what becomes of each.
SETTINGS: dict[str, Mapping[str, Callable[[str, str], list[str]]]] = {
    "setup": {"TOOLS": _words},
    "build oci": {"IMAGE": _word},
    "build sif": {"IMAGE": _word},
    "run": {"IMAGE": _option("--image"), "W": _words},
    "launch": _LAUNCH,
    "batch": _LAUNCH,
    "modulefile": dict.fromkeys(MODULEFILE, _assignment),
    "kernelspec": dict.fromkeys(KERNELSPEC, _assignment),
    "lock": {"NAME": _each("--only")},
    "sbom": {"IMAGE": _word},
    "verify": {"IMAGE": _word},
    "release": {"KEY": _option("--key"), "IMAGE": _word},
    "push": {"IMAGE": _option("--image"), "REF": _word},
    "clean": {"CACHE": _option("--cache")},
}


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


def with_settings(words: Sequence[str], environment: MutableMapping[str, str]) -> list[str]:
    """Return a command's words and, after them, what make's variables ask for.

    Parameters
    ----------
    words
        The command that a target calls.
    environment
        This process's: what the Makefile wrote into it is taken out, and
        variables of the environment that were given to make are put in.

    Raises
    ------
    UsageError
        For a variable that the command does not have, or a value that makes no sense.
    """
    settings = given(environment.get("HPCPY_SETTINGS", ""))
    is_only_goal = environment.get("HPCPY_GOALS", "") in ("", "0", "1")
    for name in (*_OF_MAKE, *_MAKES_OWN):
        environment.pop(name, None)
    known = SETTINGS.get(" ".join(words[:2]), SETTINGS.get(words[0], {})) if words else {}
    others = () if is_only_goal else [name for table in SETTINGS.values() for name in table]
    for name, value in settings.items():
        if not (name in known or name in others or _is_for_any(name)):
            hint = meant(name, [*known, *_ANYWHERE])
            raise UsageError(f"{name!r} is no variable of this target", hint=hint)
        if _NO_LINE.search(value):
            raise UsageError(f"{name}={value!r} is not one line of text")
        if name in ENVIRONMENT or name.startswith("HPCPY_"):
            environment[name] = value
    # In the table's order: what follows `--` comes last.
    wanted = [(name, to) for name, to in known.items() if settings.get(name, "").strip()]
    return [*words, *(word for name, to in wanted for word in to(name, settings[name]))]


def _is_for_any(name: str) -> bool:
    return name in _ANYWHERE or name.startswith("HPCPY_")
