"""`hpcpy audit` finds the vulnerabilities that data name, and says what it cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from advisory_files import (
    HIGH,
    OPENSSL,
    ZERO,
    Audited,
    osv,
    tracker,
    write,
    write_debsecan,
    write_zip,
)

from hpcpy.audit import severity
from hpcpy.audit.command import names

PYTHON = names()["python"]


@pytest.fixture
def audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audited:
    return Audited(tmp_path, capsys)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ZERO], [[]]),
        ([ZERO, {"fixed": "2.99.5"}], []),
        ([ZERO, {"fixed": "2.99.6"}], [["2.99.6"]]),
        ([{"introduced": "2.99.5"}, {"last_affected": "2.99.5"}], [[]]),
        ([ZERO, {"last_affected": "2.99.4"}], []),
        ([{"introduced": "2.100"}], []),
        ([{"fixed": "1.9"}, {"introduced": "2.100"}, {"introduced": "1.0"}], []),
        # Not in the order of versions, which the schema allows.
        ([{"fixed": "2.99.10"}, {"introduced": "2.0"}, {"fixed": "1.2"}, ZERO], [["2.99.10"]]),
    ],
)
def test_a_version_is_in_a_range(
    events: list[dict[str, str]], expected: list[list[str]], audited: Audited
) -> None:
    found = audited.found(osv("GHSA-1", "PyPI", "NumPy", *events))["findings"]
    assert [one["fixed"] for one in found] == expected


def test_a_version_is_among_those_listed(audited: Audited) -> None:
    assert audited.ids(osv("A-1", "PyPI", "numpy", versions=["2.99.4", "2.99.5.0"])) == ["A-1"]
    assert audited.ids(osv("A-1", "PyPI", "numpy", versions=["2.99.4"])) == []
    assert audited.ids(osv("A-1", "PyPI", "line.Profiler", versions=["5.99.0"])) == ["A-1"]


def test_a_listed_version_of_no_known_form_is_another_one(audited: Audited) -> None:
    told = audited.found(osv("A-1", "PyPI", "numpy", versions=["2004d", "dev-r1"]))
    assert (told["findings"], told["unclear"]) == ([], [])
    (unclear,) = audited.found(osv("A-1", "PyPI", "numpy"))["unclear"]
    assert unclear["why"] == "it names no versions"


def test_withdrawn_and_others_packages_count_as_read_alone(audited: Audited) -> None:
    told = audited.found(
        osv("A-1", "PyPI", "numpy", ZERO, withdrawn="2026-01-01T00:00:00Z"),
        osv("A-2", "npm", "numpy", ZERO),
        osv("A-3", "An ecosystem of tomorrow:7", "numpy", ZERO),
    )
    assert (told["advisories"], told["findings"]) == (3, [])
    looked_up = {"numpy", "line-profiler"}
    assert not looked_up & {one["name"] for one in told["not_looked_up"]}


def test_debian_is_looked_up_by_source_release_and_version(audited: Audited) -> None:
    event = {"fixed": "3.5.1-1+deb13u2"}
    first = osv("DEBIAN-CVE-2026-1000", "Debian:13", "openssl", ZERO, event)
    told = audited.found(first | {"upstream": ["CVE-2026-1000"]})
    (finding,) = told["findings"]
    assert finding["id"] == "CVE-2026-1000"
    assert finding["fixed"] == [event["fixed"]]
    # Both packages of one source are one component, though one is a rebuild.
    packages = ["libssl-dev", "libssl3t64"]
    assert finding["component"] == {"name": "openssl", "version": OPENSSL, "packages": packages}
    assert audited.ids(osv("A-1", "Debian:12", "openssl", ZERO)) == []
    assert audited.ids(osv("A-1", "Debian:13", "openssl", ZERO, {"fixed": OPENSSL})) == []
    # Only the package of util-linux has an epoch, not its source; `bash` is a rebuild.
    assert audited.ids(osv("A-1", "Debian:13", "util-linux", ZERO, {"fixed": "2.41-5"})) == []
    assert audited.ids(osv("A-1", "Debian:13", "bash", ZERO, {"fixed": "5.2.37-2"})) == []


@pytest.mark.parametrize(
    ("data", "fixed"),
    [
        (tracker("open"), []),
        (tracker("resolved", fixed_version="3.5.1-1+deb13u2"), ["3.5.1-1+deb13u2"]),
        (tracker("resolved", fixed_version="3.5.1-1"), None),
        (tracker("resolved", fixed_version="0"), None),
        (tracker("open", release="sid"), None),
    ],
)
def test_debians_tracker(data: Any, fixed: list[str] | None, audited: Audited) -> None:
    told = audited.found(data)
    expected = [] if fixed is None else [("CVE-2026-1000", "medium", fixed)]
    found = [(one["id"], one["severity"], one["fixed"]) for one in told["findings"]]
    assert (found, told["unclear"]) == (expected, [])


def test_what_data_do_not_decide_is_told(audited: Audited) -> None:
    git = {"type": "GIT", "repo": f"{PYTHON.repository}.git", "events": [ZERO]}
    told = audited.found(
        tracker("undetermined"),
        osv("A-2", "PyPI", "numpy", ZERO, {"fixed": "two"}),
        osv("PSF-1", "Bitnami", "other") | {"affected": [{"ranges": [git]}]},
    )
    assert told["findings"] == []
    assert {one["id"]: one["component"]["name"] for one in told["unclear"]} == {
        "CVE-2026-1000": "openssl",
        "A-2": "numpy",
        "PSF-1": "python",
    }
    # Other data decide it.
    decided = osv(
        "BIT-1", "Bitnami", "python", ZERO, {"fixed": "3.99.6"}, aliases=["CVE-2026-5000"]
    )
    psf = osv("PSF-1", "x", "y", aliases=["CVE-2026-5000"]) | {"affected": [{"ranges": [git]}]}
    told = audited.found(psf, decided)
    assert (told["findings"], told["unclear"]) == ([], [])


def test_a_source_is_known_by_bitnami_its_repository_and_debian(audited: Audited) -> None:
    assert audited.ids(osv("A-1", "Bitnami", "python", ZERO, {"fixed": "3.99.8"})) == ["A-1"]
    tags = {"type": "GIT", "repo": PYTHON.repository, "events": [ZERO]}
    affected = {"ranges": [tags], "versions": ["v3.99.6", "v3.99.7"]}
    assert audited.ids(osv("A-2", "x", "y") | {"affected": [affected]}) == ["A-2"]
    releases = {
        "sid": {"status": "resolved", "fixed_version": "3.99.9-1", "urgency": "low"},
        "forky": {"status": "resolved", "fixed_version": "3.99.5-1", "urgency": "low"},
    }
    vulnerability = {"CVE-2026-3000": {"description": "", "releases": releases}}
    told = audited.found({PYTHON.debian: vulnerability})
    assert [one["fixed"] for one in told["findings"]] == [["3.99.9-1"]]
    names = [one["name"] for one in told["not_looked_up"]]
    assert "python" not in names
    # No database has all sources: a source without a record was not looked up.
    assert "python" in [one["name"] for one in audited.found(tracker())["not_looked_up"]]


def test_debsecans_file(audited: Audited, tmp_path: Path) -> None:
    told = audited.found(write_debsecan(tmp_path / "trixie"), code=1)
    found = [(one["id"], one["severity"], one["fixed"]) for one in told["findings"]]
    assert found == [("CVE-2026-1000", "high", ["3.5.1-2"])]


def test_a_folder_and_a_zip_are_read_whole(audited: Audited, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(folder / "debian/tracker.json", tracker())
    write_zip(folder / "PyPI.zip", a=osv("A-1", "PyPI", "numpy", ZERO), b=osv("A-2", "PyPI", "b"))
    (folder / "README").write_text("no data")
    told = audited.found(folder)
    assert [one["id"] for one in told["findings"]] == ["CVE-2026-1000", "A-1"]
    assert (told["advisories"], told["newest"][:10]) == (3, "2026-11-01")


def test_severity_is_the_databases_word_else_cvss_else_another_records(audited: Audited) -> None:
    vector = [{"type": "CVSS_V3", "score": HIGH}]
    by_word = osv("A-1", "PyPI", "numpy", ZERO, database_specific={"severity": "MODERATE"})
    by_word["severity"] = vector
    by_vector = osv("A-2", "PyPI", "numpy", ZERO, severity=vector)
    by_urgency = osv(
        "A-3", "PyPI", "numpy", ZERO, ecosystem_specific={"urgency": "unimportant"}, severity=vector
    )
    of_other = osv("A-4", "npm", "else", ZERO, aliases=["CVE-2026-1000"], severity=vector)
    malicious = osv("MAL-2026-1", "PyPI", "numpy", ZERO)
    told = audited.found(
        *(by_word, by_vector, by_urgency, of_other, malicious, tracker(urgency="not yet assigned")),
        code=1,
    )
    assert {one["id"]: one["severity"] for one in told["findings"]} == {
        "MAL-2026-1": "critical",
        "A-2": "high",
        "CVE-2026-1000": "high",
        "A-1": "medium",
        "A-3": "low",
    }


@pytest.mark.parametrize(
    ("vector", "level"),
    [
        # Base scores of the specification's own examples: 9.8, 7.5, 6.1, 3.1, 10.0, 0.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical"),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P", "medium"),
        ("CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:L/I:N/A:N", "low"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "low"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "unknown"),
        ("CVSS:3.1/AV:X", "unknown"),
        ("", "unknown"),
    ],
)
def test_level_of_a_cvss_vector(vector: str, level: str) -> None:
    assert severity.by_cvss(vector) == level
