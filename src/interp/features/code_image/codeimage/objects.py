"""Copies of live objects: their bytes, and where the pointers in them lead.

An import would get what `marshal.loads` has just made.  Its bytes are copied as they
lie in memory; only addresses, counts of references and what running has written are
replaced.  Equal constants are copied once.
"""

from __future__ import annotations

import ctypes
import string
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from codeimage.layout import Layout

_EXTERNAL = {
    id(None): "_Py_NoneStruct",
    id(True): "_Py_TrueStruct",
    id(False): "_Py_FalseStruct",
    id(...): "_Py_EllipsisObject",
}
TYPES = {
    str: "PyUnicode_Type",
    bytes: "PyBytes_Type",
    int: "PyLong_Type",
    float: "PyFloat_Type",
    complex: "PyComplex_Type",
    tuple: "PyTuple_Type",
    slice: "PySlice_Type",
    CodeType: "PyCode_Type",
}
RUNTIME = "_PyRuntime"
# Types whose objects have the cyclic garbage collector's head in front of them.
_COLLECTED = (tuple, slice)
_PARTS = (
    *("co_consts", "co_names", "co_exceptiontable", "co_filename", "co_name"),
    *("co_qualname", "co_linetable"),
)
# Strings that are interned, too, but nobody looks these 14,000 up: there may be equal ones.
_UNSOUGHT = ("PyCodeObject.co_filename", "PyCodeObject.co_qualname")
# With a dot, as in the name of `import numpy.linalg`.
_LETTERS = frozenset(string.ascii_letters + string.digits + "_.")
_NEW = (
    *("co_weakreflist", "co_executors", "_co_cached", "_co_instrumentation_version"),
    *("_co_monitoring", "_co_unique_id", "co_extra"),
)


@dataclass(slots=True, eq=False)
class Node:
    """An object of the image."""

    type: type
    raw: bytearray  # Its bytes; zero where there is a pointer
    # The offset of each pointer in the bytes, and what it points to.
    pointers: list[tuple[int, Part]] = field(default_factory=list)
    # The offset of each frozenset that it holds, and the tuple of its elements.  The order in
    # a set depends on the process's hash seed: sets are made when a module is loaded.
    sets: list[tuple[int, Part]] = field(default_factory=list)
    text: str | None = None  # The string itself, if Python keeps one object for it
    code: CodeType | None = None  # The code object itself, if it is one
    place: int = -1  # Its offset in the image, once that is known

    @property
    def is_collected(self) -> bool:
        """Whether the garbage collector's head lies in front of it."""
        return self.type in _COLLECTED

    def below(self) -> Iterator[Node]:
        """Yield it and all nodes that it leads to, each once."""
        seen = {self}
        todo = deque([self])
        while todo:
            node = todo.popleft()
            yield node
            for _, part in (*node.pointers, *node.sets):
                if isinstance(part, Node) and part not in seen:
                    seen.add(part)
                    todo.append(part)


# What a pointer leads to: a node, or a symbol of the interpreter and an offset from it.
Part = Node | tuple[str, int]


class Objects:
    """Copies objects; equal ones share a copy."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[Any, Node] = {}
        self._runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, RUNTIME))

    def code(self, code: CodeType) -> Node:
        """Copy a code object that nobody has run, and all below it.

        A ValueError names an object that is not laid out as the headers say, or has a type
        that the code image does not know.
        """
        layout = self._layout
        node = self._photograph(code, layout["PyCodeObject.co_code_adaptive"] + len(code.co_code))
        node.code = code
        raw = bytes(node.raw)
        for name in _PARTS:
            self._point(node, f"PyCodeObject.{name}", raw, getattr(code, name))
        for name, kind in (("co_localsplusnames", tuple), ("co_localspluskinds", bytes)):
            # Python has no attribute for these two.
            at = layout.pointer(raw, f"PyCodeObject.{name}")
            part = ctypes.cast(at, ctypes.py_object).value
            if type(part) is not kind:
                raise ValueError(f"{code!r}: {name} is {part!r}")
            self._point(node, f"PyCodeObject.{name}", raw, part)
        for name in _NEW:
            layout.set_word(node.raw, f"PyCodeObject.{name}", 0)
        _clear(node, layout["PyCodeObject._co_firsttraceable"] + 4, layout["PyCodeObject.co_extra"])
        return node

    def _point(self, node: Node, field: str, raw: bytes, part: Any) -> None:
        if self._layout.pointer(raw, field) != id(part):
            raise ValueError(f"{field} of a {node.type.__name__} is not where its headers say")
        self._refer(node, self._layout[field], part, is_sought=field not in _UNSOUGHT)

    def _refer(self, node: Node, at: int, part: Any, *, is_sought: bool = True) -> None:
        node.raw[at : at + 8] = bytes(8)
        if type(part) is frozenset:
            # marshal gives its elements in an order that differs between processes.
            node.sets.append((at, self._target(tuple(sorted(part, key=_in_order)))))
        else:
            target = self._target(part)
            node.pointers.append((at, target))
            if is_sought and isinstance(target, Node) and _is_name(part):
                target.text = part

    def _target(self, value: Any) -> Part:
        external = _EXTERNAL.get(id(value))
        if external:
            return external, 0
        offset = id(value) - self._runtime
        if 0 <= offset < self._layout["runtime"]:
            # A small number, an empty tuple, a name that C code uses …
            return RUNTIME, offset
        if type(value) is CodeType:
            return self.code(value)
        if type(value) is tuple or type(value) is slice:
            return self._container(value)
        key = (type(value), value if type(value) is not float else value.hex())
        if type(value) is complex:
            key = (complex, (value.real.hex(), value.imag.hex()))
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._leaf(value)
        return node

    def _container(self, value: tuple[Any, ...] | slice) -> Node:
        layout = self._layout
        if isinstance(value, slice):
            node = self._photograph(value, value.__sizeof__())
            raw = bytes(node.raw)
            for name in ("start", "stop", "step"):
                self._point(node, f"PySliceObject.{name}", raw, getattr(value, name))
        else:
            first = layout["PyTupleObject.ob_item"]
            node = self._photograph(value, first + 8 * len(value))
            layout.set_word(node.raw, "PyTupleObject.ob_hash", -1)
            for at, part in enumerate(value):
                self._refer(node, first + 8 * at, part)
        key = (node.type, *node.pointers, *node.sets)
        return self._known.setdefault(key, node)

    def _leaf(self, value: Any) -> Node:
        layout = self._layout
        if type(value) is str:
            return self._string(value)
        if type(value) not in TYPES:
            raise ValueError(f"{value!r}: the code image knows no {type(value).__name__}")
        node = self._photograph(value, value.__sizeof__())
        if type(value) is bytes:
            layout.set_word(node.raw, "PyBytesObject.ob_shash", -1)
        return node

    def _string(self, value: str) -> Node:
        layout = self._layout
        ascii_only = value.isascii()
        widest = 0 if ascii_only else max(map(ord, value))
        width = 1 if widest < 0x100 else 2 if widest < 0x10000 else 4
        head = layout["PyASCIIObject" if ascii_only else "PyCompactUnicodeObject"]
        node = self._photograph(value, head + (len(value) + 1) * width)
        if bool(node.raw[layout["state"]] & layout["state.ascii"]) != ascii_only:
            raise ValueError("the state of a string is not where its headers say")
        node.raw[layout["state"]] &= ~layout["state.interned"]
        node.raw[layout["state"]] |= layout["state.statically_allocated"]
        _clear(node, layout["state"] + 1, layout["PyASCIIObject"])
        layout.set_word(node.raw, "PyASCIIObject.hash", -1)
        if not ascii_only:
            layout.set_word(node.raw, "PyCompactUnicodeObject.utf8_length", 0)
            layout.set_word(node.raw, "PyCompactUnicodeObject.utf8", 0)
        return node

    def _photograph(self, value: Any, size: int) -> Node:
        raw = bytearray(ctypes.string_at(id(value), size))
        raw[:8] = self._layout["immortal"].to_bytes(8, "little")
        self._layout.set_word(raw, "PyObject.ob_type", 0)
        node = Node(type(value), raw)
        node.pointers.append((self._layout["PyObject.ob_type"], (TYPES[type(value)], 0)))
        return node


def _clear(node: Node, start: int, end: int) -> None:
    # Gaps between fields still hold what was in that memory before.
    node.raw[start:end] = bytes(end - start)


def _is_name(part: Any) -> bool:
    # Constants and names that CPython interns.  Whether it has interned this very
    # object depends on what else was in the process.
    return type(part) is str and (part.isidentifier() or _LETTERS.issuperset(part))


def _in_order(value: Any) -> tuple[str, str]:
    if type(value) is frozenset:
        raise ValueError(f"{value!r}: the code image knows no set of sets")
    return type(value).__name__, repr(value)
