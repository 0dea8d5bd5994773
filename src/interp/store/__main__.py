"""``python -m store``: run by the interpreter that the store is for."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from store.select import selected
from store.write import write_store

# 19 saves another 6 % and takes thrice the time.
_LEVEL = 9


def compress(pieces: list[bytes]) -> list[bytes]:
    """Compress by Zstandard, on all cores.

    Parameters
    ----------
    pieces
        What is to be compressed.

    Returns
    -------
    list of bytes
        A frame for each, in their order.
    """
    # Python 3.14's, which tests on the host need not have.
    from compression import zstd  # type: ignore[import-not-found]  # noqa: PLC0415

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(lambda data: zstd.compress(data, _LEVEL), pieces))


def main() -> int:
    """Write the store of an installation, and the list of its files.

    Returns
    -------
    int
        0.
    """
    options = _options()
    rules = tomllib.loads(options.rules.read_text())
    names = sorted(selected(options.library, rules))
    files = {name: (options.library / name).read_bytes() for name in names}
    data = write_store(files, options.epoch, compress)
    options.output.write_bytes(data)
    options.list.write_text("".join(f"{options.library / name}\n" for name in names))
    size = sum(map(len, files.values()))
    print(f"store: {len(files)} files, {size:,} bytes in {len(data):,}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="store", description=main.__doc__)
    parser.add_argument("output", type=Path, help="the store")
    parser.add_argument("list", type=Path, help="gets the paths of all files in it")
    parser.add_argument("--library", type=Path, required=True, help="…/lib/python3.x")
    parser.add_argument("--rules", type=Path, required=True, help="recipes/stored.toml")
    parser.add_argument("--epoch", type=int, required=True, help="the time that all files bear")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
