"""Stand in for a compiler driver when a package's build links its modules.

    driver.py /usr/bin/gcc ARGUMENT…

A shared link of an extension module becomes a relocatable one; all else is
done by the compiler as asked.

Environment: LINK_OWN, the folder of the package's build; LINK_SHARED, words:
modules, by the last part of their name, that are to stay shared objects.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import link_line
import relocatable

_SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".f", ".f90"})


def main(compiler: str, arguments: list[str]) -> int:
    """Link as asked or relocatably, and return the exit status."""
    expanded = list(link_line.expand(arguments))
    if link_line.links_shared(expanded):
        own = Path(os.environ.get("LINK_OWN", "."))
        line = link_line.read(Path(compiler).name, expanded, own)
        stays = line.output.name.partition(".")[0] in os.environ.get("LINK_SHARED", "").split()
        # Meson's test of Cython compiles and links in one command.
        compiles = any(Path(one).suffix in _SOURCES for one in line.inputs)
        try:
            if not stays and not compiles and relocatable.make(compiler, line):
                return 0
        except subprocess.CalledProcessError as error:
            return int(error.returncode)
        return subprocess.run([compiler, *arguments], check=False).returncode
    # A test program of a configure script: the static libraries that it tries are not
    # position-independent.  The option has no effect on compiling.
    return subprocess.run([compiler, "-no-pie", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
