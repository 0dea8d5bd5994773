"""A class gets its slots from the names that it and its bases have, whatever they are."""

import collections
import collections.abc
import ctypes
import io
from pathlib import Path
from typing import Any

import pytest

from tiers import sampled

_WORDS = """
repr hash call str getattribute getattr setattr delattr lt le eq ne gt ge iter next get set
delete init new del buffer release_buffer await aiter anext add radd sub rsub mul rmul mod
pow rpow neg bool invert lshift and rxor or int float iadd imul floordiv truediv index
matmul imatmul len getitem setitem delitem contains iconcat missing reversed format
"""
_NAMES = [f"__{word}__" for word in _WORDS.split()]
_BASES = [
    *(object, dict, type, collections.abc.Mapping, int, str, tuple, Exception, io.RawIOBase),
    *(collections.OrderedDict, collections.UserList, ctypes.Structure),
]


def code_addresses() -> range:
    for line in Path("/proc/self/maps").read_text().splitlines():
        if " r-xp " in line:
            first, last = line.split()[0].split("-")
            return range(int(first, 16), int(last, 16))
    raise AssertionError("no code is mapped")


def slots(made: type) -> list[int]:
    """Return the functions in the structure of a type; all else in it as 0."""
    code = code_addresses()
    size: int = vars(type)["__basicsize__"].__get__(type)
    words = (ctypes.c_size_t * (size // 8)).from_address(id(made))
    return [word if word in code else 0 for word in words]


def uninterned(text: str) -> str:
    return "".join([text[:3], text[3:]])


def both_ways(bases: tuple[type, ...], names: dict[Any, Any]) -> tuple[type, type]:
    """Make a class by the filter, and one without: a key that is not interned forbids it."""
    kind = max((type(base) for base in bases), key=lambda kind: len(type.mro(kind)))
    searched = {**names, uninterned("_other_key"): None}
    return kind("Made", bases, dict(names)), kind("Made", bases, searched)


def function(*_: object) -> None:
    """Stand for any method."""


@pytest.mark.parametrize("base", sampled(_BASES, keep=4))
def test_the_slots_are_those_of_a_full_search(base: type) -> None:
    for name in _NAMES:
        made, searched = both_ways((base,), {name: function})
        assert slots(made) == slots(searched), name
    for step in range(2, 30):
        names = dict.fromkeys(_NAMES[step::step], function)
        made, searched = both_ways((base,), names)
        assert slots(made) == slots(searched), names
        below = [type(above)("Below", (above,), {}) for above in (made, searched)]
        assert slots(below[0]) == slots(below[1]), names


class Name(str):
    """A name of a class of its own."""

    __slots__ = ()


MANY: dict[Any, Any] = {f"name{number}": number for number in range(5000)}


@pytest.mark.parametrize(
    ("name", "others"),
    [(uninterned("__len__"), {}), (Name("__len__"), {}), ("__len__", MANY)],
    ids=["not interned", "of a class of its own", "in a large class"],
)
def test_a_name_counts_in_its_class_and_below(name: str, others: dict[Any, Any]) -> None:
    made: Any = type("Made", (), {**others, name: lambda _: 5})
    below: Any = type("Below", (made,), {})
    assert (len(made()), len(below())) == (5, 5)


def test_what_is_set_later_reaches_all_below() -> None:
    above = type("Above", (), {})
    below: Any = type("Below", (above,), {})
    with pytest.raises(TypeError):
        len(below())
    above.__len__ = lambda _: 7  # type: ignore[attr-defined]
    assert len(below()) == 7
    del above.__len__  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        len(type("Later", (below,), {})())
