"""Ordinary work of many kinds, the same each time."""

import ast
import collections
import contextlib
import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import heapq
import io
import itertools
import json
import pickle
import re
import string
import struct
import textwrap
import tokenize
import typing
from typing import Any


def make_classes() -> None:
    """Make classes of all the kinds that imports make."""
    for i in range(150):
        base = type(f"Base{i}", (), {"x": i, "__slots__": ("a", "b"), "f": lambda self: self.a})
        derived = type(f"Derived{i}", (base,), {"y": property(lambda self: self.b)})
        one = derived()
        one.a, one.b = i, -i
        one.f() - one.y
    for i in range(12):
        dataclasses.make_dataclass(f"Data{i}", ["x", ("y", int, 3)])(1).__repr__()
        make_tuple: Any = collections.namedtuple
        make_tuple(f"Tuple{i}", "a b c")(1, 2, 3)._replace(a=i)
        make_enum: Any = enum.Enum
        make_enum(f"Enum{i}", "RED GREEN BLUE")["RED"].name.lower()
        typing.get_type_hints(Node)


class Node:
    """A binary tree, for attributes, calls, cycles and generators."""

    def __init__(self, key: int, parent: "Node | None" = None) -> None:
        self.key, self.parent = key, parent
        self.left: Node | None = None
        self.right: Node | None = None

    def insert(self, key: int) -> None:
        """Add a key below."""
        side = "left" if key < self.key else "right"
        below = getattr(self, side)
        if below is None:
            setattr(self, side, Node(key, self))
        else:
            below.insert(key)

    def __iter__(self) -> typing.Iterator[int]:
        if self.left is not None:
            yield from self.left
        yield self.key
        if self.right is not None:
            yield from self.right


def numbers() -> list[int]:
    """Return pseudo-random numbers, the same each time."""
    state, found = 12345, []
    for _ in range(3000):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        found.append(state)
    return found


def compute() -> None:
    """Loop, count, sort, and raise."""
    for _ in range(10):
        found = numbers()
        root = Node(found[0])
        for key in found[1:400]:
            root.insert(key)
        list(root), sorted(found[:400])
        total = 0.0
        for i, x in enumerate(found):
            total += (x % 97) * 0.5 / (i + 1) - abs(x - 1e9) ** 0.5
            if x & 3 == 0:
                continue
            digits = x
            while digits > 1000:
                digits //= 10
        heap = found[:1000]
        heapq.heapify(heap)
        while heap:
            heapq.heappop(heap)
        counts = collections.Counter(x % 10 for x in found)
        {k: [v] * 3 for k, v in counts.most_common()}
        sorted(found, key=lambda x: (x % 7, -x))
        list(itertools.permutations(range(6)))
        functools.reduce(lambda a, b: a ^ b, found)
        2**3000 % 10**40, int(str(3**1500)), decimal.Decimal(2).sqrt()
        empty: dict[int, int] = {}
        for x in found[:500]:
            with contextlib.suppress(ZeroDivisionError, KeyError):
                _ = empty[x] if x & 1 else 1 // 0
        z = complex(0.1, 0.2)
        for _ in range(2000):
            z = z * z + 0.1j
        matrix = [[i * j for j in range(40)] for i in range(40)]
        [
            [sum(map(int.__mul__, row, column)) for column in zip(*matrix, strict=True)]
            for row in matrix[:10]
        ]


@functools.cache
def fibonacci(n: int) -> int:
    """Recur."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def plain_fibonacci(n: int) -> int:
    """Recur, and remember nothing."""
    return n if n < 2 else plain_fibonacci(n - 1) + plain_fibonacci(n - 2)


def handle_text(words: list[str]) -> None:
    """Work on text and bytes, in and out."""
    text = " ".join(words)
    for _ in range(4):
        counts: dict[str, int] = {}
        for word in words:
            key = word.strip(string.punctuation).lower()
            counts[key] = counts.get(key, 0) + 1
        for pattern in (r"\b[a-z]+_[a-z]+\b", r"(\w+)\((.*?)\)", r"^\s*def (\w+)", "[^a-z]{3,}"):
            re.compile(pattern, re.M).findall(text)
        re.sub(r"(\w)(\w*)", lambda m: m[2] + m[1], text[:20000])
        data = {"words": words[:2000], "counts": counts, "x": [1.5, None, True, -3] * 50, "ü€": "ß"}
        json.loads(json.dumps(data, indent=1))
        pickle.loads(pickle.dumps(data))  # noqa: S301
        copy.deepcopy(data)
        f"{text[:50]!r:>60} {3.14159:.3f} {255:#x} {1234567:,}" + "%s-%05d" % ("a", 42)  # noqa: UP031
        "{0}/{name}".format(1, name="x").replace("x", "yy").encode().hex()
        for line in io.StringIO(text.replace(". ", ".\n")):
            line.split(",")[0].startswith("a")
        text.encode("utf-16").decode("utf-16").upper().title().splitlines()
        struct.unpack("<3id", struct.pack("<3id", 1, 2, 3, 4.5))
        textwrap.wrap(text[:5000], 60)
        list(tokenize.generate_tokens(io.StringIO("x = [1, 'a', f(2)]\n" * 50).readline))
        ast.unparse(ast.parse("def f(x, *y):\n    return [a for a in y if a > x]\n" * 30))
        datetime.datetime(2020, 1, 1).isoformat()
        bytearray(text.encode())[::2].find(b"e")


def main(text: str) -> None:
    """Do all of it."""
    for _ in range(20):
        compile(text, "text", "exec", dont_inherit=True)
    make_classes()
    compute()
    fibonacci(200)
    plain_fibonacci(20)
    handle_text(text.split())
