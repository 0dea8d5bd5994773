"""pip, which resolves, checks the hashes, builds and unpacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy_bake.complaints import explain

# A user's settings must not say where pip puts packages.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")


@dataclass(frozen=True)
class Item:
    """A distribution that is to be installed.

    Attributes
    ----------
    name, version, url
        Those of its wheel or sdist.
    sha256
        The hash of that file; empty for a repository or a folder.
    is_direct
        Whether the user named this very address.
    is_requested
        Whether the user named it at all.
    """

    name: str
    version: str
    url: str
    sha256: str
    is_direct: bool
    is_requested: bool

    @property
    def requirement(self) -> str:
        """The requirement that makes pip install this very file."""
        digest = f" --hash=sha256:{self.sha256}" if self.sha256 else ""
        return f"{self.name} @ {self.url}{digest}"


def _pip(arguments: Sequence[str], own: Mapping[str, str]) -> None:
    # Not with --quiet, which leaves out the cause of a conflict.
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = [
        *(sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"),
        *("install", "--no-compile", "--no-warn-script-location", "--progress-bar=off"),
        *("--root-user-action=ignore", *arguments),
    ]
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise explain(done.stdout, own)


def resolve(
    asked: Sequence[str], constraints: Mapping[str, str], own: Mapping[str, str], folder: Path
) -> list[Item]:
    """Return the distributions that are missing for what is asked for.

    Parameters
    ----------
    asked
        Requirements and options, as for pip.
    constraints
        The versions of the packages that are there and stay.
    own
        The versions of the image's own packages.
    folder
        A folder for temporary files.

    Raises
    ------
    BakeError
        When there is no solution, or not with these hashes.
    """
    held, report = folder / "constraints.txt", folder / "report.json"
    held.write_text("".join(f"{name}=={version}\n" for name, version in constraints.items()))
    _pip(["--dry-run", f"--report={report}", f"--constraint={held}", *asked], own)
    return [_item(entry) for entry in json.loads(report.read_text())["install"]]


def _item(entry: Mapping[str, dict[str, object]]) -> Item:
    where = entry["download_info"]
    url, digest = str(where["url"]), ""
    match where:
        case {"archive_info": {"hashes": {"sha256": str(digest)}}}:
            pass
        case {"vcs_info": {"vcs": str(kind), "commit_id": str(commit)}}:
            url = f"{kind}+{url}@{commit}"
    metadata = entry["metadata"]
    return Item(
        str(metadata["name"]),
        str(metadata["version"]),
        url,
        digest,
        bool(entry["is_direct"]),
        bool(entry["requested"]),
    )


def install(
    items: Sequence[Item], options: Sequence[str], own: Mapping[str, str], prefix: Path
) -> None:
    """Unpack distributions below a prefix, which changes nothing else.

    Parameters
    ----------
    items
        What `resolve` has found.
    options
        pip's options, which say where build dependencies come from.
    own
        The versions of the image's own packages.
    prefix
        The folder.

    Raises
    ------
    BakeError
        When a file is not the one that `resolve` found, or cannot be built.
    """
    # pip refuses a requirement without a hash in a file with hashes.
    checked = all(item.sha256 for item in items)
    lines = [item.requirement if checked else f"{item.name} @ {item.url}" for item in items]
    listed = prefix.with_name("items.txt")
    listed.write_text("".join(f"{line}\n" for line in lines))
    alone = ("--no-deps", "--ignore-installed", f"--prefix={prefix}")
    _pip([*options, *alone, f"--requirement={listed}"], own)
    for item in items:
        _forget_how(item, prefix)


def _forget_how(item: Item, prefix: Path) -> None:
    # Here all are asked for by address, which `pip freeze` must not show.
    name = item.name.replace("-", "_").lower()
    unwanted = {"direct_url.json"} if not item.is_direct else set()
    unwanted |= set() if item.is_requested else {"REQUESTED"}
    for folder in prefix.glob("lib/python3.*/site-packages/*.dist-info"):
        if folder.name.partition("-")[0].lower().replace(".", "_") != name.replace(".", "_"):
            continue
        for file in unwanted:
            (folder / file).unlink(missing_ok=True)
        record = folder / "RECORD"
        kept = [
            line
            for line in record.read_text().splitlines(keepends=True)
            if line.partition(",")[0] not in {f"{folder.name}/{file}" for file in unwanted}
        ]
        record.write_text("".join(kept))
