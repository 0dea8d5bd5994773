"""Extension modules that go together into a pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpcpy_bake.elf import Library

# A shared object, the module's name and its file.
Module = tuple[Library, str, Path]


@dataclass(eq=False)
class Group:
    """Modules that need the same libraries of wheels.

    Attributes
    ----------
    label
        The distribution that they are of, or what several go by.
    needs
        Those libraries, sorted.
    modules, distributions
        The modules, and the distribution of each.
    """

    label: str
    needs: tuple[Path, ...]
    modules: list[Module] = field(default_factory=list)
    distributions: list[str] = field(default_factory=list)

    @classmethod
    def joined(cls, groups: Sequence[Group]) -> Group:
        """Return one group of several, which have the label of the first."""
        needs = sorted({path for group in groups for path in group.needs})
        one = cls(groups[0].label, tuple(needs))
        for group in groups:
            one.modules += group.modules
            one.distributions += group.distributions
        return one

    def add(self, distribution: str, module: Module) -> None:
        """Take one more module."""
        self.modules.append(module)
        self.distributions.append(distribution)

    def split(self) -> list[Group]:
        """Return a group for each distribution."""
        groups: dict[str, Group] = {}
        for name, module in zip(self.distributions, self.modules, strict=True):
            groups.setdefault(name, Group(name, self.needs)).add(name, module)
        return list(groups.values())
