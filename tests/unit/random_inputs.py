"""Random inputs for property-based tests, and the ends that a program may come to."""

import copy
import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import strategies as st

from hpcpy.core.errors import HpcpyError

DOCUMENTED = {1, 2, 65, 69, 73}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Any text, and words that programs give a meaning to.
_MEANT = "- -- -1 0 1e9 nan inf / /dev/null ~ $HOME * `id` $(id) ' = NAME= A=B=C [ {} %s {0} --help"
WORDS = TEXTS | st.sampled_from(
    [
        *_MEANT.split(),
        *("", "a b", '"', "\n", "\0", "\x1b[2J", "../" * 40, "x" * 5000, "9" * 5000, "é"),
        *("hpcpy", "plain", "mandel", "here"),
    ]
)
_LEAVES = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.none().map(lambda _: "")
)
VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


@st.composite
def changed(draw: st.DrawFn, original: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's values after one of them, at any depth, was replaced, added or removed."""
    whole: Any = copy.deepcopy(dict(original))
    place: Any = whole
    while True:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys)) if keys else None
        below = place[key] if key is not None else None
        if isinstance(below, dict | list) and draw(st.integers(0, 3)):
            place = below
            continue
        break
    act = draw(st.sampled_from(["replace", "add", "remove"]))
    if act == "replace" and key is not None:
        place[key] = draw(VALUES)
    elif act == "remove" and key is not None:
        del place[key]
    elif isinstance(place, list):
        place.append(draw(VALUES))
    else:
        place[draw(TEXTS)] = draw(VALUES)
    return dict(whole)


def as_toml(values: Mapping[str, Any]) -> str:
    """Return values as the text of a TOML file."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(key)} = {_value(one)}' for key, one in value.items())}}}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan")


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def ends_well(act: Callable[[], object]) -> None:
    """Call a function, which may fail only with a one-line error and a documented exit code."""
    try:
        act()
    except HpcpyError as error:
        if error.exit_code not in DOCUMENTED or "\n" in str(error):
            pytest.fail(f"{error.exit_code}: {error}")
    except SystemExit as end:  # --help and --version
        if end.code not in (0, None):
            pytest.fail(f"{end.code}")
