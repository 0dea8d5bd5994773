"""What is done with each package: ``tests/packages/programs.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from hpcpy import paths
from hpcpy.pins.tables import read_table

FILE = paths.ROOT / "tests" / "packages" / "programs.toml"


@dataclass(frozen=True)
class Program:
    """A few lines that use a package.

    Attributes
    ----------
    name
        The package's.
    use
        The lines; what they print is compared.
    requires
        What is installed for them, of ``packages.in``.
    heavy
        Whether it runs only when it is named.
    """

    name: str
    use: str
    requires: tuple[str, ...]
    heavy: bool


def programs() -> dict[str, Program]:
    """Return all of them by name, in the order of the file.

    Raises
    ------
    UsageError
        When the file is malformed.
    """
    found = {}
    for name, table in read_table(FILE).tables():
        table.only("use", "requires", "heavy")
        requires = table.texts("requires") if "requires" in table.values else (name,)
        found[name] = Program(name, table.text("use", r"(?s).*"), requires, table.flag("heavy"))
    return found
