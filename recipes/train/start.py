"""Train CPython: the imports of a program with ordinary work, and the work.

The compiler lays out and inlines by what is counted here, and the image must
have the same bytes again: so one thread, no time, nothing random, and of the
file system neither the order of a folder nor any number that it gives.

``python -S start.py LIBRARY``
"""

import marshal
import posix
import sys
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDERS = (sys.argv[1], __file__.rpartition("/")[0])


def read(path: str) -> bytes:
    """Return a file's bytes, by the fewest calls."""
    file = posix.open(path, posix.O_RDONLY)
    data = posix.read(file, 1 << 24)
    posix.close(file)
    return data


class Loader:
    """Executes code that it has unmarshalled, as the image does.

    Parameters
    ----------
    code
        The module's.
    """

    def __init__(self, code: CodeType) -> None:
        self._data = marshal.dumps(code)

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        for _ in range(10):
            code = marshal.loads(self._data)  # noqa: S302
        exec(code, module.__dict__)  # noqa: S102


class Finder:
    """Finds modules without a look at folders and times."""

    @classmethod
    def find_spec(cls, name: str, *_: object) -> ModuleSpec | None:
        """Find a module of the library, or one beside this file."""
        for folder in FOLDERS:
            place = f"{folder}/{name.replace('.', '/')}"
            for file in (f"{place}/__init__.py", f"{place}.py"):
                try:
                    code = compile(read(file), file, "exec", dont_inherit=True)
                except OSError:
                    continue
                is_package = file.endswith("__init__.py")
                loader: Any = Loader(code)
                return ModuleSpec(name, loader, origin=file, is_package=is_package)
        return None


if __name__ == "__main__":
    # After those of built-in and frozen modules.
    sys.meta_path[2:] = [Finder]
    import work

    work.main(read(f"{FOLDERS[0]}/argparse.py").decode())
