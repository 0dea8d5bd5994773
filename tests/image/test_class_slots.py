"""A class gets its slots from the names that it and its bases have, whatever they are."""

import collections
import collections.abc
import ctypes
import io
from pathlib import Path
from typing import Any

import pytest

from tiers import sampled

_NAMES = [
    *("__repr__", "__hash__", "__call__", "__str__", "__getattribute__", "__getattr__"),
    *("__setattr__", "__delattr__", "__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"),
    *("__iter__", "__next__", "__get__", "__set__", "__delete__", "__init__", "__new__", "__del__"),
    *("__buffer__", "__release_buffer__", "__await__", "__aiter__", "__anext__", "__add__"),
    *("__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__mod__", "__pow__", "__rpow__"),
    *("__neg__", "__bool__", "__invert__", "__lshift__", "__and__", "__rxor__", "__or__"),
    *("__int__", "__float__", "__iadd__", "__imul__", "__floordiv__", "__truediv__", "__index__"),
    *("__matmul__", "__imatmul__", "__len__", "__getitem__", "__setitem__", "__delitem__"),
    *("__contains__", "__iconcat__", "__missing__", "__reversed__", "__format__"),
]
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


def test_a_name_that_is_not_interned_counts() -> None:
    made = type("Made", (), {uninterned("__len__"): lambda _: 5})
    assert len(made()) == 5


def test_a_name_of_a_class_of_its_own_counts() -> None:
    class Name(str):
        __slots__ = ()

    made: Any = type("Made", (), {Name("__len__"): lambda _: 5})
    assert len(made()) == 5


def test_a_large_class_and_what_is_below_it() -> None:
    names: dict[str, Any] = {f"name{number}": number for number in range(5000)}
    large = type("Large", (), {**names, "__len__": lambda _: 5})
    assert len(type("Below", (large,), {})()) == 5


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
