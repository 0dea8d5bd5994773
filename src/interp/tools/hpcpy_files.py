"""``python -m hpcpy_files PATH``: a file of the standalone executable, or what is in a folder.

Its licences are below /opt/hpcpy/share/licenses and /usr/share/doc.
"""

from __future__ import annotations

import sys

from _hpcpy_importer import finder

_USAGE = "usage: python -m hpcpy_files PATH"


def main(words: list[str]) -> int:
    """Print the file, or the names of all files below the folder."""
    if len(words) != 1:
        print(_USAGE, file=sys.stderr)
        return 2
    if not finder().bundle.has_files:
        print("hpcpy: the files of this Python are in folders", file=sys.stderr)
        return 69
    from _hpcpy_files import below, index, read  # noqa: PLC0415

    path = words[0].rstrip("/")
    if path in index:
        sys.stdout.buffer.write(read(path))
        return 0
    names = list(below(path))
    print("\n".join(names) or f"hpcpy: {path}: nothing there", file=None if names else sys.stderr)
    return 0 if names else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
