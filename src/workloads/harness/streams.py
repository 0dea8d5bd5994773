"""Spell text in ASCII where nothing else can be shown."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata

_SPELLINGS = {
    "…": "...", "×": "x", "µ": "u", "≈": "~", "–": "-", "−": "-", "→": "->", "²": "^2",
    "³": "^3", "¹": "^1", "π": "pi", "ε": "eps", "‖": "|", "·": "-", "✓": "ok", "✗": "FAIL",
}  # fmt: skip
_BYTES = range(0xDC80, 0xDD00)


def spell_in_ascii() -> None:
    """Have standard output and error take every text, whatever the locale is."""
    codecs.register_error("hpcpy.spelt", _spelt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="hpcpy.spelt")


def _spelt(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return b"".join(map(_bytes, text)), error.end


def _bytes(character: str) -> bytes:
    # A byte of a file's name that is no text: it goes out as it came.
    if ord(character) in _BYTES:
        return bytes([ord(character) - _BYTES.start + 0x80])
    spelling = _SPELLINGS.get(character) or unicodedata.normalize("NFKD", character)
    return spelling.encode("ascii", "ignore") or b"?"
