"""A package's commands by the first word: listed, refused, run, and ended by one line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hpcpy_common import files, ranks, signals
from hpcpy_common.errors import (
    EXIT_CODES,
    HpcpyError,
    UsageError,
    drop_output,
    lost_output,
    open_streams,
    suggestion,
)

Main = Callable[[list[str]], int]


@dataclass(frozen=True)
class Package:
    """What a package's first words are: ``python -m NAME WORD …``."""

    name: str
    noun: str  # what a word is
    tables: Sequence[Mapping[str, tuple[str, str]]]  # word -> module, what it does
    hints: Sequence[str]  # lines of --help below the tables
    load: Callable[[str], Main]  # imports what a word runs

    def usage(self) -> str:
        """Return what --help prints."""
        lines = [f"usage: python -m {self.name} [--version] NAME [OPTION …]", ""]
        for table in self.tables:
            lines += [*(f"  {word:10} {what}" for word, (_, what) in table.items()), ""]
        return "\n".join([*lines, *self.hints, "", EXIT_CODES])


def run(package: Package, arguments: list[str]) -> int:
    """Run one of them, or list them; return the exit code (`errors.EXIT_CODES`).

    An OSError is raised unless the name of a file is its cause; standard output's are among them.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(package.usage())
        return 0
    if arguments[0] == "--version":
        from hpcpy_common import version  # noqa: PLC0415

        print(version.line(package.name))
        return 0
    name, *rest = arguments
    words = [word for table in package.tables for word in table]
    if name not in words:
        noun = "option" if name.startswith("-") else package.noun
        line = f"unknown {noun} {name!r}; {suggestion(name, words)}"
        ranks.print_once(f"{package.name}: {line}")
        return 2
    try:
        ranks.require_launcher()
        code = int(package.load(name)(rest))
    except BaseException as error:
        if not signals.asked():
            return _failed(f"{package.name}: {name}", error)
        code = 0
    return signals.stopped() if signals.asked() else code


def _failed(command: str, error: BaseException) -> int:
    """Say, as every rank finds it, what has ended a command; return its exit code or raise it."""
    if isinstance(error, HpcpyError):
        ranks.print_once(f"{command}: {error}")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in files.OF_A_NAME and error.filename:
        ranks.print_once(f"{command}: {error.filename}: {error.strerror}")
        return UsageError.exit_code
    raise error


def leave_folder() -> None:
    """Import nothing from the folder that ``python -m`` was started in; what is started neither.

    Anybody may write there, as in /tmp, and packages try modules that an image lacks: Dask
    pandas, for one. Then the folder's other modules would take the place of the image's.
    """
    with contextlib.suppress(OSError):  # it is gone
        here = os.getcwd()  # noqa: PTH109
        is_ours = os.path.dirname(os.path.dirname(__file__)) == here  # noqa: PTH120
        if sys.path[:1] == [here] and not (sys.flags.safe_path or is_ours):
            del sys.path[0]
            os.environ["PYTHONSAFEPATH"] = "1"


def entry(package: str, main: Main) -> int:
    """Run a package's command line, a process's whole life; return its exit code."""

    def complain(line: str) -> None:
        if ranks.is_first():
            print(f"{package}: {line}", file=sys.stderr)

    leave_folder()
    open_streams()
    signals.listen(": ".join([package, *sys.argv[1:2]]))
    try:
        code = main(sys.argv[1:])
        # Here an error becomes one line.
        sys.stdout.flush()
    except BaseException as error:
        if signals.asked():
            drop_output()
            return signals.stopped()
        if isinstance(error, OSError):
            return lost_output(error, complain)
        raise
    return code
