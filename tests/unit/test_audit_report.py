"""What an audit prints, what a centre has decided on, and what Debian has fixed."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from advisory_files import ZERO, Audited, osv, tracker, write_zip

from hpcpy.errors import UsageError


@pytest.fixture
def audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audited:
    return Audited(tmp_path, capsys)


@pytest.mark.parametrize(
    ("level", "code"), [("low", 1), ("medium", 1), ("high", 0), ("critical", 0), ("unknown", 1)]
)
def test_exit_code_is_one_from_the_level_on(level: str, code: int, audited: Audited) -> None:
    told = audited.found(tracker(), words=(f"--fail-on={level}",), code=code)
    assert (told["fail_on"], told["fails"]) == (level, bool(code))


def test_table_has_the_worst_first_and_nothing_that_a_terminal_obeys(
    audited: Audited, tmp_path: Path
) -> None:
    evil = osv("A-1\x1b[2J", "PyPI", "numpy", ZERO, database_specific={"severity": "HIGH"})
    evil["summary"] = "x\x1b]0;title\x07\n" + "long " * 100
    data = write_zip(tmp_path / "a.zip", a=evil, b=tracker(nodsa="Minor issue"))
    lines, _ = audited.text(f"--data={data}", code=1)
    assert [line.split()[0] for line in lines[:3]] == ["severity", "high", "medium"]
    assert "openssl 3.5.1-1+deb13u1 (libssl-dev, libssl3t64)" in lines[2]
    assert "(Debian: Minor issue)" in lines[2]
    assert all(line.isprintable() for line in lines)
    assert len(lines[1]) < 160
    assert lines[-2] == "2 not looked up, as no data are about them: python 3.99.7, strange 1"
    assert lines[-1] == (
        "small-1.0: 5 of 7 components looked up in 2 advisories, the newest of 2026-11-01:"
        " 1 high, 1 medium"
    )


IGNORE = """
[[ignore]]
id = "CVE-2026-1000"
package = "{package}"
reason = "the server's side alone"
until = {until}
"""


@pytest.mark.parametrize(
    ("package", "until", "note"),
    [
        ("libssl3t64", "2999-01-31", ""),
        ("openssl", "2999-01-31", ""),
        ("bash", "2999-01-31", "the decision on CVE-2026-1000 is about nothing"),
        ("openssl", "2026-01-31", "the decision on CVE-2026-1000 ended on 2026-01-31"),
    ],
)
def test_what_was_decided_on_does_not_count_until_its_day(
    package: str, until: str, note: str, audited: Audited, tmp_path: Path
) -> None:
    ignored = not note
    file = tmp_path / "ignore.toml"
    file.write_text(IGNORE.format(package=package, until=until))
    words = (f"--ignore={file}", "--fail-on=low")
    told = audited.found(tracker(), words=words, code=int(not ignored))
    assert (len(told["findings"]), len(told["ignored"])) == (int(not ignored), int(ignored))
    assert "".join(told["notes"]).startswith(note)
    lines, _ = audited.text(f"--data={tmp_path / '0.json'}", *words, code=int(not ignored))
    assert ("ignored: CVE-2026-1000 (medium) of openssl" in "\n".join(lines)) is ignored


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ignore: missing"),
        ("[[ignore]]\nid = 'A'\nuntil = 2999-01-01", "reason: missing"),
        ("[[ignore]]\nid = 'A'\nreason = 'b'", "until: is not a day such as 2027-01-31"),
        ("[[ignore]]\nid = 'A'\nreason = 'b'\nuntil = 'never'", "until: is not a day"),
        ("[[ignored]]\nid = 'A'", "ignored: unknown key"),
        ("id =", "not TOML"),
    ],
)
def test_a_decision_has_a_reason_and_an_end(
    text: str, says: str, audited: Audited, tmp_path: Path
) -> None:
    file = tmp_path / "ignore.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        audited.text(f"--ignore={file}")


def debian_package(folder: Path, changelog: str) -> bytes:
    path = folder / "root/usr/share/doc/bash/changelog.Debian.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(changelog.encode()))
    with tarfile.open(folder / "data.tar.xz", "w:xz") as archive:
        archive.add(folder / "root", ".")
    with tarfile.open(folder / "control.tar.xz", "w:xz") as archive:
        archive.addfile(tarfile.TarInfo("./control"), io.BytesIO())
    (folder / "debian-binary").write_text("2.0\n")
    names = ("debian-binary", "control.tar.xz", "data.tar.xz")
    subprocess.run(["ar", "rc", "bash.deb", *names], cwd=folder, check=True)
    return (folder / "bash.deb").read_bytes()


@pytest.mark.skipif(not shutil.which("ar"), reason="no ar; run: apt-get install binutils")
def test_without_data_it_tells_what_debians_changelogs_call_fixed(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "deb").mkdir()
    text = "bash (5.2) x; urgency=medium\n  * CVE-2026-7, CVE-2026-70001 and CVE-2026-70002\n"
    content = debian_package(tmp_path / "deb", text)
    kept = tmp_path / "cache/hpcpy/downloads" / b"bash".hex() / "bash_5.2_amd64.deb"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    lines, err = audited.text()
    assert lines[-2] == (
        "2 CVE names are in the changelogs of 1 Debian packages: vulnerabilities that Debian has"
        " fixed in them; changelogs do not list open ones"
    )
    assert lines[-1].endswith("0 of 7 components looked up in 0 advisories: nothing is known")
    assert err == "hpcpy audit: no data of known vulnerabilities: give --data (SECURITY.md)\n"
    told = json.loads("\n".join(audited.text("--json")[0]))
    assert told["fixed_by_changelogs"] == {"bash": ["CVE-2026-70001", "CVE-2026-70002"]}
    # A truncated package adds nothing; with Debian's own data no changelog is read.
    kept.write_bytes(content[:-40])
    assert json.loads("\n".join(audited.text("--json")[0]))["fixed_by_changelogs"] == {}
    kept.write_bytes(content)
    assert audited.found(tracker())["fixed_by_changelogs"] == {}
