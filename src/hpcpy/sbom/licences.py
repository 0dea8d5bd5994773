"""Licences as SPDX wants them: an expression of listed ones, or a text of their own."""

from __future__ import annotations

import re

# Licences on SPDX's list that pins name.  Any other becomes a text of its own, so
# nobody has to add one here.
LISTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Open-MPI"),
        *("CC0-1.0", "GPL-2.0-only", "GPL-2.0-or-later", "ISC", "LGPL-2.1-or-later", "MIT"),
        *("MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0"),
        *("X11-distribute-modifications-variant", "Zlib", "blessing", "bzip2-1.0.6", "mpich2"),
    }
)
EXCEPTIONS = frozenset({"LLVM-exception"})
_OPERATORS = frozenset({"AND", "OR", "WITH"})
PREFIX = "LicenseRef-"


def is_expression(text: str) -> bool:
    """Tell whether these words are an SPDX expression of listed licences.

    Only the words are checked: people and wheels' builders, who write the pins,
    check the grammar.
    """
    words = re.sub(r"[()]", " ", text).split()
    return bool(words) and all(word in LISTED | EXCEPTIONS | _OPERATORS for word in words)


def identifier(words: str) -> str:
    """Return words as an SPDX identifier, with a dash for what SPDX forbids in it."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", words).strip("-")


class Texts:
    """The licences that are not on SPDX's list, each text once."""

    def __init__(self) -> None:
        self._by_text: dict[str, tuple[str, str]] = {}
        self._ids: set[str] = set()

    def reference(self, name: str, title: str, text: str) -> str:
        """Return the name that refers to a text."""
        if text not in self._by_text:
            reference = PREFIX + identifier(name.removeprefix(PREFIX))
            if reference in self._ids:
                raise ValueError(f"two licences are called {reference}")
            self._ids.add(reference)
            self._by_text[text] = (reference, title)
        return self._by_text[text][0]

    def as_spdx(self) -> list[dict[str, str]]:
        """Return them as the document's JSON has them, sorted by name."""
        found = [
            {"licenseId": reference, "name": title, "extractedText": text}
            for text, (reference, title) in self._by_text.items()
        ]
        return sorted(found, key=lambda one: one["licenseId"])
