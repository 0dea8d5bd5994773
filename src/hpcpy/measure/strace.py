"""strace's output, line by line, as calls."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hpcpy.errors import HpcpyError

# A string, what a descriptor stands for (-y), a comment, or what structures
# the arguments.  In the first three, brackets and commas mean nothing.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?<=[\dD])<[^<>]*>|/\*.*?\*/|[(){}\[\],]')
_LINE = re.compile(r"(?P<pid>\d+) +(?P<text>.*)")
# A thread that is killed shows as a call that strace could not read: ???(.
_UNFINISHED = re.compile(
    r"(?P<start>[\w?]+\(.*?) *<(?:unfinished|pid changed to (?P<pid>\d+)) \.\.\.>$"
)
_RESUMED = re.compile(r"<\.\.\. [\w?]+ resumed>(?P<rest>.*)")
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (?P<pid>\d+) \+\+\+")
_RESULT = re.compile(r"\s*= (?P<value>-?\d+|\?)(?:<(?P<path>[^<>]*)>)?(?: (?P<error>E[A-Z0-9]+))?")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


@dataclass(frozen=True)
class Call:
    """One finished system call.

    Attributes
    ----------
    pid
        The thread that made it.
    name
        As strace names it.
    arguments
        Their texts.
    value
        What it returned; None where it did not return.
    error
        ``ENOENT`` and the like; empty when it succeeded.
    text
        The whole call, for people.
    """

    pid: int
    name: str
    arguments: tuple[str, ...]
    value: int | None
    error: str
    text: str


class TraceError(HpcpyError):
    """strace said what this parser does not know."""


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Yield the finished calls of ``strace -f -y -o`` in the order of their ends.

    Parameters
    ----------
    lines
        Each with the thread's number first.

    Raises
    ------
    TraceError
        For a line that is none of strace's.
    """
    begun: dict[int, str] = {}
    for line in lines:
        match = _LINE.match(line.rstrip("\n"))
        if not match:
            raise TraceError(f"no line of strace: {line.rstrip()!r}")
        pid, text = int(match["pid"]), match["text"]
        if over := _SUPERSEDED.match(text):
            # A thread called execve: the call ends under the process's number.
            begun[pid] = begun.pop(int(over["pid"]), "") or begun.get(pid, "")
        elif text.startswith(("+++", "---")):
            continue
        elif start := _UNFINISHED.match(text):
            begun[int(start["pid"] or pid)] = start["start"]
        elif resumed := _RESUMED.match(text):
            # What began before strace was attached has no first half.
            if first := begun.pop(pid, ""):
                yield _call(pid, first + resumed["rest"])
        else:
            yield _call(pid, text)


def _call(pid: int, text: str) -> Call:
    name, bracket, rest = text.partition("(")
    arguments, end = _arguments(rest)
    result = _RESULT.match(rest, end) if bracket and end else None
    if not result:
        raise TraceError(f"no line of strace: {text!r}")
    value = None if result["value"] == "?" else int(result["value"])
    return Call(pid, name, arguments, value, result["error"] or "", text)


def _arguments(text: str) -> tuple[tuple[str, ...], int]:
    found = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "([{":
            depth += 1
        elif token[0] in ")]}" and depth:
            depth -= 1
        elif token[0] in ",)" and not depth:
            found.append(text[start : token.start()].strip())
            start = token.end()
            if token[0] == ")":
                return tuple(found), start
    return (), 0


def string(argument: str) -> str | None:
    r"""Return what a quoted argument says, None when it is no string.

    Examples
    --------
    >>> string(r'"/tmp/\303\274"')
    '/tmp/ü'
    >>> string("0x7ffd1b4ee9b0") is None
    True
    """
    if not argument.startswith('"'):
        return None
    quoted = argument[1 : argument.rindex('"')].encode()
    return os.fsdecode(_ESCAPE.sub(_unescaped, quoted))


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = match.groups()
    if octal or hexadecimal:
        return bytes([int(octal, 8) if octal else int(hexadecimal, 16)])
    return _LETTERS.get(letter, letter)


def descriptor_path(argument: str) -> str | None:
    """Return what ``3</etc/hosts>`` or ``AT_FDCWD</home>`` stands for.

    None where strace did not say, as older ones do not for AT_FDCWD.
    """
    _, bracket, rest = argument.partition("<")
    if not bracket or not rest.startswith("/"):
        return None
    return string(f'"{rest.rstrip(">")}"')
