"""What is newer than the pins, according to registries on the loopback interface."""

from __future__ import annotations

import json
import sys
import urllib.error
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving_server import Server, status, whole
from small_registries import CP314, DIGEST, FILES, HASHED, SHOWSRC, answers, page, registries

from hpcpy.commands import run
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.fetch.download import LastingError
from hpcpy.lock import ask, index
from hpcpy.lock.archive import parse_sources
from hpcpy.lock.newer import bounds
from hpcpy.pins.versions import newer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with registries(tmp_path, monkeypatch) as running:
        yield running


def asked(server: Server, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    server.answers = {path: [whole(body)] for path, body in answers(server).items()}
    assert run(["outdated", *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_table_tells_newer_versions_and_which_of_them_can_be_fetched(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [" ".join(line.split()) for line in asked(server, capsys).splitlines()]
    assert lines == [
        "lock pin pinned newer",
        "sources python 3.14.1 3.15.0 cannot be fetched: HTTP 404 Not Found",
        "sources python 3.14.1 3.14.3 cannot be fetched: HTTP 404 Not Found",
        "sources python 3.14.1 3.14.2 can be fetched",
        "sources forged 1.2.0 1.10.0 can be fetched",
        "sources forged 1.2.0 1.2.3 can be fetched",
        "sources numbers 2.0 2.1 can be fetched",
        "sources numbers 2.0 2.0.1 can be fetched",
        "python numbers 2.0 2.1 can be fetched (numbers<3)",
        "python numbers 2.0 2.0.1 cannot be fetched: no file of it fits (numbers<3)",
        *DEV,
        "debian thing 1.9-1 1.10-1 can be fetched",
        f"sources kept could not be checked: {server.url[7:]} a snapshot has nothing newer",
        "shifter shifter could not be checked: a commit, which no registry lists",
        "9 pins: 6 have newer versions, 2 could not be checked",
    ]


# The machine's own Python: whichever runs these tests.
DEV = [
    "dev numbers 2.0 2.1 can be fetched"
    if sys.version_info[:2] == (3, 14)
    else "dev numbers 2.0 2.1 cannot be fetched: no file of it fits",
    "dev numbers 2.0 2.0.1 cannot be fetched: no file of it fits"
    if sys.version_info[:2] != (3, 15)
    else "dev numbers 2.0 2.0.1 can be fetched",
]


def test_each_page_and_each_file_is_asked_for_once(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(server, capsys)
    times = Counter(path for path, _ in server.log)
    assert times["/simple/numbers/"] == 1
    # Only the first byte of a file is asked for, and nothing of a version that is not newer.
    ranges = {path: its for path, its in server.log if its}
    assert set(ranges.values()) == {"bytes=0-0"}
    assert not any("1.9" in path or "numbers-2.0.tar.gz" in path for path in ranges)


def test_json_has_all_pins_and_what_bounds_them(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    pins = json.loads(asked(server, capsys, "--json"))["pins"]
    by_name = {(pin["lock"], pin["name"]): pin for pin in pins}
    assert len(by_name) == 9
    assert by_name["debian", "other"] == {
        "lock": "debian",
        "name": "other",
        "version": "1-1",
        "asked": "",
        "unknown": "",
        "newer": [],
    }
    numbers = by_name["python", "numbers"]
    assert numbers["asked"] == "numbers<3"
    assert numbers["newer"][0] == {
        "version": "2.1",
        "url": f"{server.url}/{HASHED}/numbers-2.1-{CP314}",
        "refusal": "",
    }


def test_names_choose_and_an_unknown_one_is_refused(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(server, capsys, "thing", "other").splitlines()[-1].startswith("2 pins: 1 have")
    assert server.log == [("/debian/pool/main/thing_1.10-1_all.deb", "bytes=0-0")]
    with pytest.raises(UsageError, match="no pin 'nombers'"):
        run(["outdated", "nombers"])


def test_silent_registries_are_one_line_and_not_available(server: Server) -> None:
    # The registries have nothing at all.
    with pytest.raises(UnavailableError, match=r"asked for: 127\.\S+ HTTP 404") as raised:
        run(["outdated", "numbers"])
    assert raised.value.exit_code == 69
    server.answers["/simple/numbers/"] = [status(503)]
    with pytest.raises(UnavailableError, match="HTTP 503"):
        run(["outdated", "numbers"])


def test_host_that_cannot_be_reached_costs_its_time_once() -> None:
    class Web:
        asked = 0

        def ask(self, *_: object, **__: object) -> None:
            self.asked += 1
            raise urllib.error.URLError(OSError("no route"))

    questions = ask.Questions()
    questions._web = web = Web()  # type: ignore[assignment]
    for name in ("a", "b", "c"):
        assert questions.refusal(f"http://a.invalid/{name}") == "no route"
    # The first question tries twice, the others not at all.
    assert web.asked == 2


def test_some_registry_that_is_silent_does_not_hide_the_others(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["/simple/numbers/"] = [whole(page(server))]
    assert run(["outdated", "numbers", "forged"]) == 0
    said = capsys.readouterr().out
    assert "sources  forged  could not be checked: " in said
    assert said.splitlines()[-1] == "4 pins: 3 have newer versions, 1 could not be checked"


def test_page_of_links_is_read_as_json_is(server: Server) -> None:
    links = "".join(
        f'<a href="../../{HASHED}/{name}#sha256={DIGEST}"'
        f"{' data-yanked' if its.get('yanked') else ''}"
        f' data-requires-python="{its.get("requires-python", "").replace(">", "&gt;")}">x</a>'
        for name, its in FILES.items()
    )
    where = f"{server.url}/simple/numbers/"
    assert index.parse(f"<html>{links}", where) == index.parse(page(server).decode(), where)


def test_pip_names_the_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The first does not exist, and the second has no pip.
    pythons = (tmp_path / "python3", "false", sys.executable)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    # pip's own address, where nobody has set one.
    (tmp_path / "pip.conf").write_text("")
    public = index.address(pythons)
    assert public.startswith("https://")
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://a.invalid/simple/\n")
    assert index.address(pythons) == "http://a.invalid/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "http://b.invalid/simple")
    assert index.address(pythons) == "http://b.invalid/simple"
    with pytest.raises(LastingError, match="no pip here"):
        index.address(pythons[:2])


def test_sources_of_debian_have_upstreams_version_and_their_tarball() -> None:
    path = "pool/main/p/python3.14/python3.14_3.14.3.orig.tar.xz"
    assert parse_sources(SHOWSRC) == {"3.14.3": path}


def test_final_releases_are_ordered_by_number() -> None:
    others = ["1.9", "1.10", "1.10.post1", "2.0rc1", "1!0.1", "1.10.0", "1.8", "x"]
    assert newer("1.9.0", others) == ["1!0.1", "1.10.post1", "1.10.0"]
    assert newer("1.x", others) == []


def test_bounds_are_told_as_they_are_written() -> None:
    lines = ["# a<b", "h5py", "mpich<5   # of Slurm", "a2 >= 3", ""]
    assert bounds(lines) == {"mpich": "mpich<5", "a2": "a2 >= 3"}
