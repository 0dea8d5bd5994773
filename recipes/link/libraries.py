"""Print the linker arguments for all static libraries of the interpreter.

    libraries.py CONFIG LIBRARIES…

CONFIG is the folder of libpython; each LIBRARIES is a file that collect.py wrote.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

# The final link names them itself, so that they come last and as shared objects.
_SYSTEM = frozenset({"-lm", "-lc", "-ldl", "-lpthread", "-lrt", "-lutil"})


def arguments(modlibs: str, config: Path, lists: Iterable[Path]) -> list[str]:
    """Return the libraries of CPython's own modules and of all parts, once each."""
    # MODLIBS also has options such as -pthread.
    found = [
        str(config / Path(word).name) if word.endswith(".a") else word
        for word in modlibs.split()
        if word.endswith(".a") or word.startswith("-l")
    ]
    for file in lists:
        found += file.read_text().split("\n")[:-1]
    return list(dict.fromkeys(one for one in found if one not in _SYSTEM))


if __name__ == "__main__":
    modlibs = str(sysconfig.get_config_var("MODLIBS"))
    print(*arguments(modlibs, Path(sys.argv[1]), map(Path, sys.argv[2:])))
