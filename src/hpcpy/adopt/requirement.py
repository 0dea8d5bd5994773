"""One thing that an environment asks for, and how conda and pip spell it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hpcpy.core.errors import UsageError

# [CHANNEL[/SUBDIR]::]NAME and the rest.
_CONDA = re.compile(r"(?:[^\s:=<>!~]+::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>.*)")
_BRACKET = re.compile(r"\[(?P<pairs>[^\]]*)\]$")
_BUILD = re.compile(r"={1,2}(?P<version>[^=<>!~,|\s]+)[= ](?P<build>[^=\s]+)")
_PIP = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*"
    r"(?:@\s*(?P<url>\S+)|(?P<versions>[^;@]*))\s*(?:;\s*(?P<marker>.+))?"
)
_NO_OR = "pip has no `|` between versions: any version is accepted"


@dataclass(frozen=True)
class Requirement:
    """A line of an environment."""

    text: str  # As it stands there
    name: str  # conda's name or PyPI's, in small letters
    # Whether the name is PyPI's for sure: pip's line, or the package's own metadata.
    is_pypi: bool = False
    versions: str = ""  # PEP 440's; empty for any
    extras: str = ""  # Of a line for pip
    url: str = ""
    marker: str = ""
    build: str = ""  # conda's build string, which shows whether a package is for Python
    note: str = ""  # The part of the line that pip cannot be asked for


def canonical(name: str) -> str:
    """Return a name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def of_conda(text: str) -> Requirement:
    """Read what conda calls a match specification."""
    found = _CONDA.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is not a conda package", hint="write NAME, or NAME=VERSION")
    name, rest = found["name"].lower(), found["rest"].strip()
    pairs = {}
    if bracket := _BRACKET.search(rest):
        rest = rest[: bracket.start()].strip()
        pairs = dict(re.findall(r"(\w+)\s*=\s*['\"]?([^'\"]*[^'\",\s])", bracket["pairs"]))
        rest = rest or pairs.get("version", "")
    # ">= 1.2 , < 2" is one word.
    rest = re.sub(r"\s*([,|])\s*", r"\1", re.sub(r"([=<>!~])\s+", r"\1", rest))
    if exact := _BUILD.fullmatch(rest):
        is_exact = "=" in rest.lstrip("=")
        version = f"=={exact['version']}" if is_exact else f"={exact['version']}"
        return Requirement(text, name, versions=_of_clause(version), build=exact["build"])
    versions, _, build = rest.partition(" ")
    build = build.strip() or pairs.get("build", "")
    if "|" in versions:
        return Requirement(text, name, build=build, note=_NO_OR)
    clauses = [_of_clause(clause) for clause in versions.split(",") if clause]
    return Requirement(text, name, versions=",".join(filter(None, clauses)), build=build)


def _of_clause(clause: str) -> str:
    """Return PEP 440's clause: conda's ``=1.2`` is its ``==1.2.*``."""
    version = clause.lstrip("=<>!~")
    operator = clause.removesuffix(version)
    plain = version.rstrip("*").rstrip(".")
    if not plain:
        return ""
    if operator in ("=", "==", ""):
        is_open = operator == "=" or version.endswith("*")
        return f"=={plain}.*" if is_open else f"=={plain}"
    return f"{operator}{version}" if operator == "!=" else f"{operator}{plain}"


def of_pip(text: str) -> Requirement:
    """Read a requirement of pip."""
    found = _PIP.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is not a pip requirement", hint="write NAME, or NAME==VERSION")
    return Requirement(
        text,
        found["name"].lower(),
        is_pypi=True,
        versions=re.sub(r"\s", "", found["versions"] or "").strip("()"),
        extras=found["extras"] or "",
        url=found["url"] or "",
        marker=found["marker"] or "",
    )
