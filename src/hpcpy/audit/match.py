"""Components against advisories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hpcpy.audit import versions
from hpcpy.audit.advisories import Advisory, Known
from hpcpy.audit.components import Component, Identity
from hpcpy.audit.severity import UNKNOWN, worst
from hpcpy.audit.versions import Key

Order = Callable[[str], Key]
# All others use Python's order: it fits semantic versions of releases and candidates.
_ORDERS: dict[str, Order] = {"Debian": versions.debian}


@dataclass(frozen=True)
class Finding:
    """A vulnerability that a component has.

    Attributes
    ----------
    fixed
        The versions that end it, by the data; empty where there is none yet.
    """

    id: str
    severity: str
    component: Component
    fixed: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class Unclear:
    """A vulnerability of which the data do not tell whether a component has it."""

    id: str
    component: Component
    why: str


def findings(component: Component, known: Known) -> Iterator[Finding | Unclear]:
    """Give the vulnerabilities of a component, each once."""
    has: dict[str, list[tuple[Advisory, str]]] = defaultdict(list)
    clear: set[str] = set()
    doubts: dict[str, str] = {}
    for identity in component.identities:
        for advisory in _about(identity, known.advisories):
            try:
                fixed = fixed_in(identity, advisory)
            except ValueError as error:
                doubts[advisory.id] = str(error)
            else:
                if fixed is None:
                    clear.add(advisory.id)
                else:
                    has[advisory.id].append((advisory, fixed))
    for id_, found in sorted(has.items()):
        own = worst(*(advisory.severity for advisory, _ in found))
        yield Finding(
            id=id_,
            severity=known.severities.get(id_, UNKNOWN) if own == UNKNOWN else own,
            component=component,
            fixed=tuple(sorted({fixed for _, fixed in found if fixed})),
            summary=next((one.summary for one, _ in found if one.summary), ""),
        )
    for id_ in sorted(doubts.keys() - has.keys() - clear):
        yield Unclear(id_, component, doubts[id_])


def _about(identity: Identity, advisories: Iterable[Advisory]) -> list[Advisory]:
    its = [
        one
        for one in advisories
        if (one.ecosystem, one.name) == (identity.ecosystem, identity.name)
        and (not identity.release or one.release in (identity.release, "", "*"))
    ]
    if identity.release or identity.ecosystem != "Debian":
        return its
    # A source from outside Debian: Debian's newest release is nearest to it.
    newest: dict[str, Advisory] = {}
    for one in sorted(its, key=lambda one: _age(one.release)):
        newest[one.id] = one
    return [*newest.values()]


def _age(release: str) -> float:
    return float(release) if release.isdecimal() else float("inf") if release == "sid" else -1


def fixed_in(identity: Identity, advisory: Advisory) -> str | None:
    """Return the version with the fix; empty if there is none, None if it is not affected.

    Raises
    ------
    ValueError
        When the data or the versions do not tell.
    """
    if advisory.undecided:
        raise ValueError(advisory.undecided)
    if identity.version in advisory.unaffected:
        return None
    order = _ORDERS.get(identity.ecosystem, versions.python)
    mine = (1, order(identity.version))
    for events in advisory.ranges:
        # Of two events at one version the vulnerability begins before it ends.
        placed = ((_place(version, order), kind, version) for kind, version in events)
        ranked = sorted(placed, key=lambda one: (one[0], one[1] != "introduced"))
        if _is_inside(mine, ranked):
            fixes = (version for at, kind, version in ranked if kind == "fixed" and at > mine)
            return next(fixes, "")
    return "" if any(_is_same(one, identity.version, order) for one in advisory.versions) else None


def _is_same(listed: str, version: str, order: Order) -> bool:
    try:
        return listed == version or order(listed) == order(version)
    except ValueError:
        # Its ecosystem's rules cannot order it, so it is another version.
        return False


def _place(version: str, order: Order) -> Key:
    # Before all versions, those too that sort before a zero.
    return (0,) if version == "0" else (1, order(version))


def _is_inside(mine: Key, ranked: Iterable[tuple[Key, str, str]]) -> bool:
    """Go through a range's events in the order of versions, as OSV's schema tells to."""
    inside = False
    for at, kind, _ in ranked:
        if kind == "introduced" and mine >= at:
            inside = True
        elif (kind == "fixed" and mine >= at) or (kind == "last_affected" and mine > at):
            inside = False
    return inside
