"""What a file of data says of one vulnerability, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hpcpy.audit.components import Component, Identity
from hpcpy.audit.severity import UNKNOWN, worst

# Of a range: ``introduced``, ``fixed`` or ``last_affected``, and the version.
Event = tuple[str, str]


@dataclass(frozen=True)
class Advisory:
    """A vulnerability in one package.

    Attributes
    ----------
    id
        Its CVE name where it has just one, else its own.
    severity
        One of `hpcpy.audit.severity.LEVELS`.
    summary
        One line of words.
    ecosystem, name
        The package, as `Identity` has them.
    release
        Debian's number, ``sid``, or ``*`` where the data do not tell releases apart.
    ranges, versions
        The versions with the vulnerability: in any of the ranges, or among the versions.
    unaffected
        Versions without it, whatever the ranges say.
    undecided
        Why the data themselves do not say which versions have it.
    """

    id: str
    severity: str
    summary: str
    ecosystem: str
    name: str
    release: str = ""
    ranges: tuple[tuple[Event, ...], ...] = ()
    versions: frozenset[str] = frozenset()
    unaffected: frozenset[str] = frozenset()
    undecided: str = ""


@dataclass
class Known:
    """All that was read and can matter to some components.

    Attributes
    ----------
    advisories
        Those of the components' names.
    severities
        Levels by CVE, of all records: Debian's tracker often has none.
    covered
        What data were given for: pairs of ecosystem and release, and of ecosystem
        and name, as some ecosystems' data have only a few names.
    newest
        The latest change of a record, as ISO 8601 writes it.
    count
        Records that were read.
    """

    names: frozenset[tuple[str, str]]
    advisories: list[Advisory] = field(default_factory=list)
    severities: dict[str, str] = field(default_factory=dict)
    covered: set[tuple[str, str]] = field(default_factory=set)
    newest: str = ""
    count: int = 0

    @classmethod
    def of(cls, components: Iterable[Component]) -> Known:
        """Return one that keeps what these components need."""
        identities = (one for component in components for one in component.identities)
        return cls(frozenset((one.ecosystem, one.name) for one in identities))

    def add(self, advisory: Advisory) -> None:
        """Keep an advisory if it is about one of the names."""
        key = (advisory.ecosystem, advisory.name)
        self.covered |= {(advisory.ecosystem, advisory.release), key}
        if key in self.names:
            self.advisories.append(advisory)

    def rate(self, id_: str, severity: str) -> None:
        """Keep a vulnerability's level."""
        if severity != UNKNOWN:
            self.severities[id_] = worst(severity, self.severities.get(id_, UNKNOWN))

    def covers(self, identity: Identity) -> bool:
        """Tell whether data were given that would name this package."""
        if identity.ecosystem == "PyPI":
            return ("PyPI", "") in self.covered
        if identity.release:
            return bool({("Debian", identity.release), ("Debian", "*")} & self.covered)
        # Of sources few are in any database: silence says nothing.
        return (identity.ecosystem, identity.name) in self.covered
