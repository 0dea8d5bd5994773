"""Version numbers as the tools print them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)+)(~\w+|-(?:rc|alpha|beta)\w*)?")


@dataclass(frozen=True, order=True)
class Version:
    """The numbers of a version; a pre-release sorts before its release.

    Debian's and Git's suffixes (``+ds1``, ``-2``) say how it was packaged,
    not what it can do: they do not count.
    """

    numbers: tuple[int, ...]
    released: bool = True

    def __str__(self) -> str:
        text = ".".join(str(number) for number in self.numbers)
        return text if self.released else f"{text} (pre-release)"


def parse_version(text: str) -> Version | None:
    """Return the first version number in what a tool printed.

    Parameters
    ----------
    text
        Output of ``TOOL --version``.

    Returns
    -------
    Version or None
        None when there is no number with a dot in it.

    Examples
    --------
    >>> str(parse_version("runc version 1.1.5+ds1"))
    '1.1.5'
    >>> parse_version("1.4.0~rc.1") < parse_version("1.4.0")
    True
    """
    match = _NUMBER.search(text)
    if not match:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    while len(numbers) > 2 and numbers[-1] == 0:  # 1.4.0 is 1.4
        numbers.pop()
    return Version(tuple(numbers), released=match[2] is None)
