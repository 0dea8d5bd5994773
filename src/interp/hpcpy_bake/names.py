"""Names in a pack: what it wants from others, what it offers, its strings."""

from __future__ import annotations

import struct

from hpcpy_bake.elf import Symbol

_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_FUNCTION = 2


class Names:
    """The symbols and strings of a shared object in the making."""

    def __init__(self) -> None:
        self.strings = bytearray(1)
        self._known: dict[str, int] = {}
        self._exports: list[tuple[str, int]] = []
        self._wanted: dict[tuple[str, tuple[str, str] | None], int] = {}
        self._strong: set[int] = set()
        # What is wanted and offered at once: number, kind and place.
        self._unique: dict[str, tuple[int, int, int]] = {}

    def export(self, name: str, address: int) -> None:
        """Let the loader find something by its name."""
        self._exports.append((name, address))

    def want(self, symbol: Symbol, version: tuple[str, str] | None) -> int:
        """Return the number of a symbol that others have."""
        number = self._wanted.setdefault((symbol.name, version), len(self._wanted) + 1)
        if not symbol.weak:
            self._strong.add(number)
        return number

    def share(self, symbol: Symbol, value: int) -> int:
        """Return the number of a symbol that a process has one of.

        The loader takes the first that it meets, here or in any other file.
        """
        number = self.want(symbol, None)
        self._unique.setdefault(symbol.name, (number, symbol.kind, value))
        return number

    def string(self, text: str) -> int:
        """Return where in the strings a text is."""
        if text not in self._known:
            self._known[text] = len(self.strings)
            self.strings += text.encode() + b"\0"
        return self._known[text]

    def symbols(self) -> bytes:
        """Return the table of symbols."""
        found = bytearray(24)
        for (name, _), number in self._wanted.items():
            bind = _GLOBAL if number in self._strong else _WEAK
            section, kind, value = 0, 0, 0
            if self._unique.get(name, (0,))[0] == number:
                bind, section = _UNIQUE, 1
                _, kind, value = self._unique[name]
            info = bind << 4 | kind
            found += struct.pack("<IBBHQQ", self.string(name), info, 0, section, value, 0)
        for name, address in self._exports:
            info = _GLOBAL << 4 | _FUNCTION
            found += struct.pack("<IBBHQQ", self.string(name), info, 0, 1, address, 0)
        return bytes(found)

    def versions(self) -> tuple[bytes, bytes, int]:
        """Return each symbol's version, the table of them, and of how many files it is."""
        by_file: dict[str, dict[str, int]] = {}
        numbers = [0]
        # 0 is local, 1 without a version.
        count = 2
        for _, version in self._wanted:
            if version is None:
                numbers.append(1)
                continue
            known = by_file.setdefault(version[0], {})
            if version[1] not in known:
                known[version[1]] = count
                count += 1
            numbers.append(known[version[1]])
        numbers += [1] * len(self._exports)
        table = bytearray()
        for index, (file, names) in enumerate(by_file.items()):
            size = 16 + 16 * len(names)
            following = size if index + 1 < len(by_file) else 0
            table += struct.pack("<HHIII", 1, len(names), self.string(file), 16, following)
            for inner, (name, number) in enumerate(names.items()):
                step = 16 if inner + 1 < len(names) else 0
                table += struct.pack("<IHHII", _hash_of(name), 0, number, self.string(name), step)
        return struct.pack(f"<{len(numbers)}H", *numbers), bytes(table), len(by_file)

    def hash(self) -> bytes:
        """Return the table by which the loader finds what is offered."""
        first = 1 + len(self._wanted)
        count = first + len(self._exports)
        offered = [(number, name) for name, (number, _, _) in self._unique.items()]
        offered += [(number, name) for number, (name, _) in enumerate(self._exports, first)]
        buckets, chains = [0] * max(len(offered), 1), [0] * count
        for number, name in offered:
            bucket = _hash_of(name) % len(buckets)
            chains[number], buckets[bucket] = buckets[bucket], number
        words = [len(buckets), count, *buckets, *chains]
        return struct.pack(f"<{len(words)}I", *words)


def _hash_of(name: str) -> int:
    # The System V ABI's.
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value & 0xFFFFFFFF
