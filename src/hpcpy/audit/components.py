"""The components of an SBOM, each with its names in data about vulnerabilities."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from hpcpy.errors import IntegrityError

# A rebuild of a binary package alone: its source is the same.
_REBUILD = re.compile(r"\+b\d+$")


@dataclass(frozen=True)
class Identity:
    """One name of a component in data.

    Attributes
    ----------
    ecosystem
        As OSV writes it: ``PyPI``, ``Debian``, ``Bitnami``, or ``GIT`` for a repository.
    name, version
        As that ecosystem has them.
    release
        Debian's number; empty where any release counts.
    """

    ecosystem: str
    name: str
    version: str
    release: str = ""


@dataclass(frozen=True)
class Component:
    """One or more packages of an SBOM that are made from one source.

    Attributes
    ----------
    name, version
        The source's.
    packages
        Names in the SBOM.
    identities
        Names in data; none where no data can know it.
    """

    name: str
    version: str
    packages: tuple[str, ...]
    identities: tuple[Identity, ...]


@dataclass(frozen=True)
class Names:
    """Names of a source in data that its purl does not tell: its repository, Debian's source."""

    repository: str = ""
    debian: str = ""


@dataclass(frozen=True)
class Sbom:
    """What an SBOM names: its image, the components, and the hashes of its Debian packages."""

    image: str
    components: tuple[Component, ...]
    debs: Mapping[str, str]


def read(text: str, where: str, sources: Mapping[str, Names]) -> Sbom:
    """Read an SPDX document in JSON.

    Parameters
    ----------
    text
        The document.
    where
        What to call it in messages.
    sources
        What is known of ``pkg:generic`` packages, by name.

    Raises
    ------
    IntegrityError
        When it is no such document.
    """
    found: dict[tuple[str, tuple[Identity, ...], str], list[str]] = {}
    debs = {}
    try:
        document = json.loads(text)
        for package in document["packages"]:
            if package.get("primaryPackagePurpose") == "CONTAINER":
                continue
            name, version, purl = package["name"], package.get("versionInfo", ""), _purl(package)
            source, identities = _identify(name, purl, sources)
            # Debian's packages of one source are one component, of the source's version.
            its = identities[0].version if identities else version
            found.setdefault((source, identities, its), []).append(name)
            if purl.startswith("pkg:deb/"):
                debs[name] = "".join(one["checksumValue"] for one in package.get("checksums", ()))
        components = [
            Component(source, version, tuple(sorted(packages)), identities)
            for (source, identities, version), packages in found.items()
        ]
        components.sort(key=lambda one: (one.name, one.version))
        return Sbom(str(document["name"]), tuple(components), debs)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{where}: not an SPDX document in JSON ({error})") from error


def _purl(package: Mapping[str, Any]) -> str:
    references = package.get("externalRefs", ())
    its = (one["referenceLocator"] for one in references if one["referenceType"] == "purl")
    return str(next(its, ""))


def _identify(
    name: str, purl: str, sources: Mapping[str, Names]
) -> tuple[str, tuple[Identity, ...]]:
    match = re.fullmatch(r"pkg:([^/]+)/(?:[^@?]+/)?([^@?/]+)@([^?]+)(?:\?(.*))?", purl)
    if not match:
        return name, ()
    kind, its, number = match[1], unquote(match[2]), unquote(match[3])
    if kind == "pypi":
        return its, (Identity("PyPI", its, number),)
    if kind == "deb":
        pairs = (pair.partition("=") for pair in (match[4] or "").split("&"))
        return _of_debian(its, number, {key: unquote(value) for key, _, value in pairs})
    return its, tuple(_of_source(its, number, sources.get(its, Names())))


def _of_debian(
    name: str, version: str, qualifiers: Mapping[str, str]
) -> tuple[str, tuple[Identity, ...]]:
    # Debian's data are by source package: `upstream` names it, and its version
    # where that is another.
    source, _, number = qualifiers.get("upstream", name).partition("@")
    number = number or _REBUILD.sub("", version)
    release = qualifiers.get("distro", "").rpartition("-")[2]
    return source, (Identity("Debian", source, number, release),)


def _of_source(name: str, version: str, known: Names) -> Iterator[Identity]:
    yield Identity("Bitnami", name, version)
    if known.repository:
        yield Identity("GIT", repository(known.repository), version)
    if known.debian:
        # Without a revision it is before each of Debian's: none of their patches is in it.
        yield Identity("Debian", known.debian, version)


def repository(url: str) -> str:
    """Return a repository's address in the form in which addresses are compared."""
    return url.lower().removesuffix("/").removesuffix(".git")
