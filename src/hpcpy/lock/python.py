"""The locks of Python packages, all by uv, and the licences that these and Debian's state."""

from __future__ import annotations

import email.parser
import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.programs import printed
from hpcpy.core.scratch import build_scratch
from hpcpy.engine.venv import ensure_venv
from hpcpy.fetch.artifacts import fetch, take
from hpcpy.pins.debian import debian_request
from hpcpy.pins.model import GROUPS, Artifact, Source, sources
from hpcpy.pins.tables import file_name, read_table
from hpcpy_common.errors import UnavailableError

# The newest glibc that uv has a platform for, of those up to the images'.
GLIBC = (2, 40)


@dataclass
class Locked:
    """A package, its groups and its wheel for each architecture."""

    version: str
    wheels: dict[str, Source] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    licence: str = ""


def resolve(kept: Mapping[str, Any]) -> dict[str, object]:
    """Resolve all groups' packages together for every architecture; those of `kept` do not move."""
    locked: dict[str, Locked] = {}
    versions = {name: table["version"] for name, table in kept.items()}
    with build_scratch("lock") as scratch:
        for arch in debian_request().architectures:
            _resolve_for(arch, scratch, versions, locked)
            # One version for every architecture.
            versions |= {name: package.version for name, package in locked.items()}
    for name in kept.keys() & locked.keys():
        locked[name].licence = kept[name]["licence"]
        locked[name].wheels |= {
            arch: Source(**wheel) for arch, wheel in kept[name]["wheels"].items()
        }
    _add_licences(locked)
    return {"packages": {name: _table(locked[name]) for name in sorted(locked)}}


def pinned(versions: Mapping[str, str]) -> str:
    """Return the lines of a requirements file that hold packages to versions."""
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _resolve_for(
    arch: str, scratch: Path, versions: Mapping[str, str], locked: dict[str, Locked]
) -> None:
    """Add the packages of an architecture with their groups, held to `versions`."""
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    inputs = {group: paths.ENV / name for group, name in GROUPS.items()}
    here = platform(python, arch)
    together, constraints = scratch / "pylock.toml", scratch / "constraints.txt"
    constraints.write_text(pinned(versions))
    compile_lock(together, inputs.values(), *here, f"--constraint={constraints}")
    resolved = packages(together)
    for name, wheel in best_wheels(resolved, python, arch).items():
        locked.setdefault(name, Locked(resolved[name]["version"])).wheels[arch] = wheel
    # Each group alone, held to the versions of all: which package is whose.
    constraints.write_text(pinned({name: package.version for name, package in locked.items()}))
    for group, path in inputs.items():
        alone = scratch / f"pylock.{group}.toml"
        compile_lock(alone, [path], *here, f"--constraint={constraints}")
        for name in packages(alone):
            if group not in locked[name].groups:
                locked[name].groups.append(group)


def platform(python: tuple[int, int], arch: str) -> tuple[str, str]:
    """Return uv's options for the images' platform."""
    return (
        f"--python-version={python[0]}.{python[1]}",
        f"--python-platform={arch}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
    )


def best_wheels(
    locked: Mapping[str, Mapping[str, Any]], python: tuple[int, int], arch: str
) -> dict[str, Source]:
    """Return the most specific wheel of each package: uv lists those that fit the images."""
    own = f"-cp{python[0]}{python[1]}-cp{python[0]}{python[1]}-"
    best = {}
    for name, package in locked.items():
        wheels = sorted(
            package.get("wheels", ()),
            key=lambda wheel: (own in wheel["url"], not wheel["url"].endswith("-any.whl")),
        )
        if not wheels:
            raise UnavailableError(f"{name} {package['version']} has no wheel for {arch}")
        url, size = wheels[-1]["url"], wheels[-1].get("size", 0)
        file_name(url)  # refuses a path
        if not size:
            raise UnavailableError(f"{url}: the index does not say how long it is")
        best[name] = Source(url, size, wheels[-1]["hashes"]["sha256"])
    return best


def _add_licences(locked: Mapping[str, Locked]) -> None:
    """Find out the licences that are not known: the wheels state them."""
    artifacts = {}
    for name, package in locked.items():
        if not package.licence:
            wheel = next(iter(package.wheels.values()))
            file = file_name(wheel.url)
            artifacts[name] = Artifact(name, package.version, file, "", (wheel,))
    files = fetch(artifacts.values())
    for name, artifact in artifacts.items():
        locked[name].licence = of_wheel(files[artifact])


def _table(package: Locked) -> dict[str, object]:
    return {
        "version": package.version,
        "licence": package.licence,
        "groups": package.groups,
        "wheels": {arch: asdict(wheel) for arch, wheel in package.wheels.items()},
    }


def compile_lock(output: Path, inputs: Iterable[Path], *options: str) -> None:
    """Resolve requirement files into one lock of wheels; ``pylock.toml`` selects that format."""
    # The public index alone, whatever this machine is set up for: the
    # addresses go into a lock that everybody uses.
    environment = {
        key: value
        for key, value in os.environ.items()
        if not re.match(r"UV_(.*INDEX|FIND_LINKS|NO_CONFIG|CONFIG_FILE)", key)
    }
    command: list[str | Path] = [ensure_venv() / "bin/uv"]
    command += ["pip", "compile", "--no-config", "--quiet"]
    command += ["--only-binary", ":all:", "--no-header", "--no-annotate", "--output-file", output]
    printed([*command, *options, *inputs], "uv pip compile", env=environment)


def packages(pylock: Path) -> dict[str, dict[str, Any]]:
    """Return the packages of a ``pylock.toml`` by name."""
    listed = tomllib.loads(pylock.read_text(encoding="utf-8"))["packages"]
    return {package["name"]: package for package in listed}


def resolve_requirements(name: str, old: str = "", only: Collection[str] = ()) -> str:
    """Return requirements with hashes, for every Python that the tool runs on; `only` some move."""
    moves = [f"--upgrade-package={package}" for package in sorted(only)] or ["--upgrade"]
    project = read_table(paths.ROOT / "pyproject.toml").table("project")
    oldest = project.text("requires-python").removeprefix(">=")
    with build_scratch("lock") as scratch:
        output = scratch / "requirements.txt"
        output.write_text(old, encoding="utf-8")
        options = ("--universal", "--generate-hashes", f"--python-version={oldest}", *moves)
        compile_lock(output, [paths.ENV / f"{name}.in"], *options)
        return output.read_text(encoding="utf-8")


def versions_in(requirements: str) -> dict[str, str]:
    """Return a requirements file's packages with their versions, of any Python."""
    versions = defaultdict(list)
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements):
        versions[name].append(version)
    return {name: ", ".join(all_of_it) for name, all_of_it in versions.items()}


# Every package of Debian has a folder or a link there.
_UNPACK = 'dpkg-deb --fsys-tarfile "$0" | tar -xC "$1" --wildcards "./usr/share/doc/*"'
_UNSTATED = "see metadata"
# A longer text in the field is the licence itself.
_LONGEST_NAME = 60
# How projects write it -> SPDX.
_SPDX = {
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd license": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0",
    "the mit license": "MIT",
}


def of_wheel(wheel: Path) -> str:
    """Return a wheel's licence: an SPDX expression, the project's words or "see metadata"."""
    (distribution,) = distributions(path=[str(wheel)])
    return from_metadata(distribution.read_text("METADATA") or "")


def from_metadata(text: str) -> str:
    """Return the licence stated by the text of a METADATA file."""
    fields = email.parser.Parser().parsestr(text, headersonly=True)
    expression = fields.get("License-Expression", "").strip()
    if expression:
        return expression
    stated = fields.get("License", "").strip()
    if 0 < len(stated) <= _LONGEST_NAME and "\n" not in stated and stated.upper() != "UNKNOWN":
        return _SPDX.get(stated.lower(), stated)
    classified = [
        value.rsplit(" :: ", 1)[-1]
        for value in fields.get_all("Classifier", [])
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    named = [_SPDX.get(value.lower(), value) for value in classified]
    return " AND ".join(dict.fromkeys(named)) or _UNSTATED


def of_debs(packages: Mapping[str, Path]) -> dict[str, str]:
    """Return each package's licences; the documentation of one may be a link to another's."""
    with build_scratch("licences") as tree:
        for deb in packages.values():
            printed(["sh", "-c", _UNPACK, take(deb, tree / deb.name), tree], deb)
        return {name: _licences(tree / f"usr/share/doc/{name}/copyright") for name in packages}


def _licences(file: Path) -> str:
    try:
        return from_copyright(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # there is none, or a link to a package that is not here
        return from_copyright("")


def from_copyright(text: str) -> str:
    """Return the short names of the licences in a copyright file."""
    if re.match(r"(?i)\s*format:", text):
        names = re.findall(r"(?im)^license:[ \t]*(\S.*?)[ \t]*$", text)
    else:
        # Free text at least names the common licences it refers to.
        names = [
            name.rstrip(".")
            for name in re.findall(r"/usr/share/common-licenses/([A-Za-z][\w.+-]*)", text)
        ]
    return ", ".join(dict.fromkeys(names)) or "see copyright"
