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
from hpcpy_bake.installed import canonical_name

# A user's settings must not say where pip puts packages.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")


@dataclass(frozen=True)
class Item:
    """A distribution that is to be installed."""

    name: str
    version: str
    url: str  # Of its wheel or sdist
    sha256: str  # Of that file; empty for a repository or a folder
    is_direct: bool  # Whether the user named this very address

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
    """Return the distributions that are missing for what is asked for, as of pip.

    `constraints` are the versions of the packages that are there and stay, `own` those of
    the image.
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
    )


def install(
    items: Sequence[Item], options: Sequence[str], own: Mapping[str, str], prefix: Path
) -> None:
    """Unpack the distributions that `resolve` found below a prefix; nothing else changes."""
    # pip refuses a requirement without a hash in a file with hashes.
    checked = all(item.sha256 for item in items)
    lines = [item.requirement if checked else f"{item.name} @ {item.url}" for item in items]
    listed = prefix.with_name("items.txt")
    listed.write_text("".join(f"{line}\n" for line in lines))
    alone = ("--no-deps", "--ignore-installed", f"--prefix={prefix}")
    _pip([*options, *alone, f"--requirement={listed}"], own)
    for item in items:
        if not item.is_direct:
            _forget_address(item, prefix)


def _forget_address(item: Item, prefix: Path) -> None:
    # Here all are asked for by address, which `pip freeze` must not show.
    for file in prefix.glob("lib/python3.*/site-packages/*.dist-info/direct_url.json"):
        if canonical_name(file.parent.name.partition("-")[0]) == canonical_name(item.name):
            file.unlink()
            record = file.with_name("RECORD")
            lines = record.read_text().splitlines(keepends=True)
            own = f"{file.parent.name}/{file.name},"
            record.write_text("".join(line for line in lines if not line.startswith(own)))
