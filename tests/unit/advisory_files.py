"""A small SBOM, and advisories as OSV, Debian's tracker and debsecan publish them."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from hpcpy.commands import run

ZERO = {"introduced": "0"}
OPENSSL = "3.5.1-1+deb13u1"
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"


def package(name: str, version: str, purl: str) -> dict[str, Any]:
    """Return a package of an SPDX document."""
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl"}
    return {
        "name": name,
        "versionInfo": version,
        "checksums": [{"algorithm": "SHA256", "checksumValue": name.encode().hex()}],
        "externalRefs": [{**reference, "referenceLocator": purl}],
    }


def deb(name: str, version: str, source: str = "") -> dict[str, Any]:
    """Return a Debian package of an SPDX document, built from `source` if that is given."""
    said = f"&upstream={source}" if source else ""
    return package(name, version, f"pkg:deb/debian/{name}@{version}?distro=debian-13{said}")


SBOM = {
    "spdxVersion": "SPDX-2.3",
    "name": "small-1.0",
    "packages": [
        {"name": "small", "versionInfo": "1.0", "primaryPackagePurpose": "CONTAINER"},
        deb("libssl3t64", OPENSSL, "openssl"),
        deb("libssl-dev", f"{OPENSSL}%2Bb2", "openssl"),
        deb("bash", "5.2.37-2%2Bb10"),
        deb("bsdutils", "1%3A2.41-5", "util-linux%402.41-5"),
        package("numpy", "2.99.5", "pkg:pypi/numpy@2.99.5"),
        package("line-profiler", "5.99.0", "pkg:pypi/line-profiler@5.99.0"),
        package("python", "3.99.7", "pkg:generic/python@3.99.7"),
        package("strange", "1", "pkg:rpm/almalinux/strange@1"),
    ],
}


def osv(id_: str, ecosystem: str, name: str, *events: dict[str, str], **more: Any) -> Any:
    """Return an advisory in the OSV format, about one package; `more` are further keys."""
    affected: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [*events]}] if events else [],
    }
    affected |= {key: more.pop(key) for key in ("versions", "ecosystem_specific") if key in more}
    own = {"schema_version": "1.7.0", "id": id_, "modified": "2026-11-01T00:00:00Z"}
    return {**own, "summary": f"a vulnerability in {name}", "affected": [affected], **more}


def tracker(status: str = "open", release: str = "trixie", **more: str) -> dict[str, Any]:
    """Return data of Debian's security tracker with one vulnerability of openssl."""
    state = {"status": status, "repositories": {release: OPENSSL}, "urgency": "medium", **more}
    vulnerability = {"description": "words", "scope": "remote", "releases": {release: state}}
    return {"openssl": {"CVE-2026-1000": vulnerability}}


DEBSECAN = """VERSION 1
CVE-2026-1000,,words of openssl, and more
CVE-2026-2000,,words of bash

openssl,0,SHR F,3.5.1-2,3.5.1-1+deb13u2 3.0.17-1~deb12u2
bash,1,S    ,5.2.37-1,

openssl,libssl3t64 libssl-dev
bash,bash

"""


def write(path: Path, value: Any) -> Path:
    """Write a value as JSON, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def write_zip(path: Path, **records: Any) -> Path:
    """Write a zip file with a JSON file for each record, and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in records.items():
            archive.writestr(f"{name}.json", json.dumps(value))
    return path


def write_debsecan(path: Path, text: str = DEBSECAN) -> Path:
    """Write a text compressed as debsecan's data are, and return the path."""
    path.write_bytes(zlib.compress(text.encode()))
    return path


class Audited:
    """Audits of the small SBOM, each with data of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys
        self.sbom = write(folder / "small.spdx.json", SBOM)

    def text(self, *words: str, code: int = 0) -> tuple[list[str], str]:
        """Audit, require an exit code, and return the lines of stdout and the text of stderr."""
        assert run(["audit", str(self.sbom), *words]) == code
        said = self._capsys.readouterr()
        return said.out.splitlines(), said.err

    def found(self, *data: Any, words: tuple[str, ...] = (), code: int = 0) -> dict[str, Any]:
        """Audit with each of `data` as a file, and return the JSON report."""
        paths = [
            one if isinstance(one, Path) else write(self._folder / f"{number}.json", one)
            for number, one in enumerate(data)
        ]
        options = [f"--data={path}" for path in paths]
        lines, err = self.text("--json", *options, *words, code=code)
        assert err == ""
        told: dict[str, Any] = json.loads("\n".join(lines))
        return told

    def ids(self, *data: Any) -> list[str]:
        """Return the ids of what is found with `data`; nothing of it may be critical."""
        return [one["id"] for one in self.found(*data, words=("--fail-on=critical",))["findings"]]
