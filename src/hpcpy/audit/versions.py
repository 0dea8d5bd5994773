"""The order of versions as Debian and Python define it.

The host may have neither dpkg nor `packaging`, so both orders are written here.  The
tests compare them with theirs.
"""

from __future__ import annotations

import re
from typing import Any

Key = tuple[Any, ...]

_DEBIAN = re.compile(r"([0-9]+):([A-Za-z0-9.+~:-]+)")
_WITHOUT_EPOCH = re.compile(r"()([A-Za-z0-9.+~-]+)")
# Letters and the number behind them.  Each version ends with two of these: a tilde
# sorts before the end, and a first part such as that of 0~1 equals one of them.
_END = ((0,), 0)
_PYTHON = re.compile(
    r"""v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_number>[0-9]*))?
    (?:-(?P<post>[0-9]+)|[-_.]?(?P<is_post>post|rev|r)[-_.]?(?P<post_number>[0-9]*))?
    (?P<dev>[-_.]?dev[-_.]?(?P<dev_number>[0-9]*))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?""",
    re.VERBOSE,
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


def debian(version: str) -> Key:
    """Return a sort key for Debian's versions (deb-version(7)).

    Raises
    ------
    ValueError
        For what is no version.

    Examples
    --------
    >>> debian("1.0~rc1-1") < debian("1.0-1") < debian("1.0-1+deb13u1") < debian("1:0.9")
    True
    """
    text = version.strip()
    match = (_DEBIAN if ":" in text else _WITHOUT_EPOCH).fullmatch(text)
    upstream, dash, revision = match[2].rpartition("-") if match else ("", "", "")
    if not match or not revision or (dash and not upstream):
        raise ValueError(f"{version!r} is no version of Debian's")
    if not dash:
        upstream, revision = revision, ""
    return int(match[1] or 0), _parts(upstream), _parts(revision)


def _parts(text: str) -> Key:
    found = [
        ((*map(_order, letters), 0), int(number or 0))
        for letters, number in re.findall(r"(\D*)(\d*)", text)
    ]
    while found and found[-1] == _END:
        found.pop()
    return (*found, _END, _END)


def _order(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256


def python(version: str) -> Key:
    """Return a sort key for versions of Python packages (PEP 440).

    Semantic versions of final releases and candidates have the same order.

    Raises
    ------
    ValueError
        For what is no version.

    Examples
    --------
    >>> python("1.0.dev1") < python("1.0rc1") < python("1.0") < python("1.0.post1")
    True
    """
    match = _PYTHON.fullmatch(version.strip().lower())
    if not match:
        raise ValueError(f"{version!r} is no version of a Python package")
    release = [int(number) for number in match["release"].split(".")]
    while release and not release[-1]:
        release.pop()
    post = match["post"] or (match["post_number"] or "0" if match["is_post"] else None)
    dev = int(match["dev_number"] or 0) if match["dev"] else None
    pre: Key = ("z",)  # after all candidates
    if match["pre"]:
        pre = (_PRE.get(match["pre"], match["pre"]), int(match["pre_number"] or 0))
    elif post is None and dev is not None:
        pre = ("",)
    return (
        int(match["epoch"] or 0),
        tuple(release),
        pre,
        -1 if post is None else int(post),
        (1, 0) if dev is None else (0, dev),
        tuple(_local(part) for part in re.split(r"[-_.]", match["local"] or "") if part),
    )


def _local(part: str) -> Key:
    return (1, int(part), "") if part.isdigit() else (0, 0, part)
