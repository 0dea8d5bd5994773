"""What an environment asks for: a file of conda's or pip's, or the environment itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.adopt import installed
from hpcpy.adopt.requirement import Requirement, of_conda, of_pip
from hpcpy.core.errors import UsageError

# What reads YAML, which Python's own library does not.
Yaml = Callable[[str], Any]
_KINDS = "environment.yml, requirements.txt, pyproject.toml, or an environment's folder"
# `conda list --export`, and the end of an address of `conda list --explicit`.
_EXPORTED = re.compile(r"(?P<name>[\w.-]+)=(?P<version>[^=\s]+)=(?P<build>[^=\s]+)")
_EXPLICIT = re.compile(
    r"\S+/(?P<name>[^/\s]+)-(?P<version>[^/\s-]+)-(?P<build>[^/\s-]+)\.(?:conda|tar\.bz2)(?:#\w+)?"
)
# An option of pip's files whose value is another such file.
_INCLUDED = re.compile(r"(?:-r|--requirement)[\s=]*(?P<file>\S.*)")
_HASHES = re.compile(r"\s--hash[= ]\S+")
_KNOWN_KEYS = {"name", "channels", "dependencies", "prefix", "variables", "platforms", "category"}


@dataclass
class Environment:
    """What was read."""

    asked: list[Requirement] = field(default_factory=list)  # What it asks for
    notes: list[str] = field(default_factory=list)  # What else it says, and what becomes of that
    python: Path | None = None  # The environment's own, of a folder; None for a file


def read(path: Path, yaml: Yaml) -> Environment:
    """Read a file, or look into an environment's folder."""
    if path.is_dir():
        asked, notes = installed.read(path)
        python = path / "bin" / "python"
        return Environment(asked, notes, python if python.exists() else None)
    found = _of_file(path, yaml)
    if not found.asked:
        raise UsageError(f"{path}: asks for no package", hint=f"give {_KINDS}")
    return found


def _of_file(path: Path, yaml: Yaml) -> Environment:
    text = _text(path)
    found = Environment()
    try:
        if path.suffix in (".yml", ".yaml"):
            _of_yaml(yaml(text), path, found)
        elif path.suffix == ".toml":
            _of_pyproject(tomllib.loads(text), found)
        else:
            _of_lines(text, path, found, [path.resolve()])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint=f"give {_KINDS}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8", hint=f"give {_KINDS}") from error


def _of_yaml(document: Any, path: Path, found: Environment) -> None:
    if not isinstance(document, Mapping) or not isinstance(document.get("dependencies"), list):
        raise UsageError("has no list `dependencies`", hint=f"give {_KINDS}")
    if others := sorted(str(key) for key in document if key not in _KNOWN_KEYS):
        found.notes.append(f"not read: {', '.join(others)}")
    if variables := document.get("variables"):
        found.notes.append(
            f"variables are not taken: set {', '.join(map(str, variables))} where you start it"
        )
    for one in document["dependencies"]:
        match one:
            case str():
                found.asked.append(of_conda(one))
            case {"pip": list(lines)} if len(one) == 1:
                _of_lines("\n".join(map(str, lines)), path, found, [path.resolve()])
            case _:
                raise UsageError(f"{one!r} is not a dependency: neither a text nor a list `pip`")


def _of_pyproject(document: Mapping[str, Any], found: Environment) -> None:
    project = document.get("project")
    if not isinstance(project, Mapping):
        hint = "Poetry: `poetry export -o requirements.txt`; pixi: `pixi project export`"
        raise UsageError("has no table [project]", hint=hint)
    if "dependencies" in project.get("dynamic", ()):
        raise UsageError(
            "its dependencies are dynamic", hint="install it, and give `pip freeze`'s output"
        )
    if versions := project.get("requires-python"):
        found.asked.append(Requirement(f"python {versions}", "python", versions=str(versions)))
    found.asked += [of_pip(str(line)) for line in project.get("dependencies", ())]
    if extras := project.get("optional-dependencies"):
        found.notes.append(f"optional dependencies are not taken: {', '.join(extras)}")


def _of_lines(text: str, path: Path, found: Environment, files: Sequence[Path]) -> None:
    for line in _lines(text):
        if included := _INCLUDED.fullmatch(line):
            other = path.parent / included["file"].strip()
            if other.resolve() in files:
                raise UsageError(f"{other} includes itself")
            _of_lines(_text(other), other, found, [*files, other.resolve()])
        elif exported := _EXPORTED.fullmatch(line) or _EXPLICIT.fullmatch(line):
            found.asked.append(_exported(line, **exported.groupdict()))
        elif line.startswith("-") and not line.startswith(("-e", "--editable")):
            found.notes.append(f"not taken: `{line}`; pip here follows PIP_INDEX_URL and its kin")
        elif line != "@EXPLICIT":
            found.asked.append(_requirement(line, found))


def _lines(text: str) -> Iterator[str]:
    """Yield lines without comments, those that a backslash parts as one."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if plain := re.sub(r"(^|\s)#.*", "", line).strip():
            yield plain


def _exported(line: str, name: str, version: str, build: str) -> Requirement:
    if build.startswith("pypi"):
        return of_pip(f"{name}=={version}")
    return Requirement(line, name.lower(), versions=f"=={version}", build=build)


def _requirement(line: str, found: Environment) -> Requirement:
    plain = _HASHES.sub("", line).strip()
    note = "hashes are not taken: the lock has those of its own files"
    if plain != line and note not in found.notes:
        found.notes.append(note)
    place = re.sub(r"^(?:-e|--editable)[\s=]*", "", plain)
    named = re.search(r"[#&]egg=([\w.-]+)", place)
    if place != plain or place.startswith((".", "/", "~")) or re.match(r"[\w+]+:", place):
        name = named[1].lower() if named else Path(place.partition("#")[0]).name.lower()
        return Requirement(line, name, is_pypi=True, url=place)
    return of_pip(plain)
