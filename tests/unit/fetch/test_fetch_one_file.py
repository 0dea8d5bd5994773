"""The fetcher against a real HTTP server that fails as servers do."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from misbehaving_server import Answer, Server, artifact, no_range, ranged, status, unsized, whole

from hpcpy.fetch.artifacts import Tally, downloads_dir, fetch, take
from hpcpy.images.context import add_materials, add_own, add_recipes
from hpcpy.images.plan import Plan, make_plan
from hpcpy_common.errors import DiskError, IntegrityError, UnavailableError

BODY = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(BODY).hexdigest()


pytestmark = pytest.mark.usefixtures("empty_cache", "patience")


def get(server: Server, *answers: Answer, body: bytes = BODY) -> Path:
    server.answers["/thing.tar"] = list(answers)
    wanted = artifact(body, f"{server.url}/thing.tar")
    return fetch([wanted])[wanted]


def part_file() -> Path:
    return downloads_dir() / "partial" / DIGEST


def files() -> list[Path]:
    return [path for path in downloads_dir().rglob("*") if path.is_file()]


def test_file_lies_under_its_hash_and_nothing_else_is_left(server: Server) -> None:
    path = get(server, ranged(BODY))
    assert path == downloads_dir() / DIGEST / "thing.tar"
    assert path.read_bytes() == BODY
    assert files() == [path]
    # A second fetch asks no server, unless the file is damaged.
    assert get(server, status(500)) == path
    assert len(server.log) == 1
    for damaged in (BODY[:-1], b"\1" + BODY[1:]):
        path.write_bytes(damaged)
        assert get(server, ranged(BODY)).read_bytes() == BODY


def test_what_is_built_is_what_was_compared(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever owns a file of a shared cache can change it after any check.
    path = get(server, ranged(BODY))
    path.chmod(0o666)
    monkeypatch.setattr(Plan, "pins", lambda *_: [artifact(BODY, f"{server.url}/thing.tar")])
    plan, context = make_plan(), tmp_path / "context"
    part = plan.graph.parts["workloads"]
    add_own(context, plan, plan.graph.image("hpcpy"))
    add_recipes(context, [part], 1, shipped=[part])
    add_materials(context, part, plan)
    path.write_bytes(BODY[::-1])
    assert (context / "workloads/thing.tar").read_bytes() == BODY
    # Nor does an edit in a context change the checkout.
    of_context = [path.stat() for path in context.rglob("*") if path.is_file()]
    assert {status.st_nlink for status in of_context} == {1}
    assert not any(status.st_mode & 0o002 for status in of_context)
    with pytest.raises(IntegrityError, match=r"thing\.tar: not the pinned bytes any more"):
        take(path, context / "later.tar")
    assert not (context / "later.tar").exists()


def test_a_link_in_a_shared_cache_is_not_written_through(server: Server, tmp_path: Path) -> None:
    (tmp_path / "roots").write_text("of root")
    part_file().parent.mkdir(parents=True)
    part_file().symlink_to(tmp_path / "roots")
    with pytest.raises(DiskError, match="symbolic links"):
        get(server, ranged(BODY))
    assert (tmp_path / "roots").read_text() == "of root"


OLD = BODY[:5000]


@pytest.mark.parametrize(
    ("there", "answers", "asked"),
    [
        pytest.param(b"", [ranged(BODY, 1000), ranged(BODY)], ["", "bytes=1000-"], id="broken"),
        pytest.param(OLD, [ranged(BODY)], ["bytes=5000-"], id="of a killed process"),
        pytest.param(b"old" * 9, [ranged(BODY)] * 2, ["bytes=27-", ""], id="another file's"),
        pytest.param(OLD, [no_range(BODY)] * 2, ["bytes=5000-", ""], id="not such a range"),
        pytest.param(b"", [status(503), status(429), ranged(BODY)], [""] * 3, id="in trouble"),
    ],
)
def test_a_download_goes_on_from_what_is_there(
    server: Server, there: bytes, answers: list[Answer], asked: list[str]
) -> None:
    if there:
        part_file().parent.mkdir(parents=True)
        part_file().write_bytes(there)
    assert get(server, *answers).read_bytes() == BODY
    assert [wanted for _, wanted in server.log] == asked


@pytest.mark.long
def test_stalled_connection_is_resumed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (ranged(BODY, 777, then_wait=True), ranged(BODY))
    monkeypatch.setattr("hpcpy.fetch.download.SECONDS", 3.0)
    assert get(server, *answers).read_bytes() == BODY
    assert server.log[-1][1] == "bytes=777-"


WRONG, SHORT = BODY[:-1] + b"?", BODY[:-1]


# A file of another length is not even downloaded.
@pytest.mark.parametrize(
    ("answer", "code", "says", "downloaded"),
    [
        pytest.param(
            *(ranged(WRONG), 65, (DIGEST, hashlib.sha256(WRONG).hexdigest()), len(BODY)),
            id="a wrong byte",
        ),
        pytest.param(
            *(whole(SHORT), 65, (f"expected {len(BODY):,} bytes, found {len(SHORT):,}",), 0),
            id="another length",
        ),
        pytest.param(status(404), 69, ("thing.tar: HTTP 404",), 0, id="no such file"),
    ],
)
def test_what_is_not_the_file_is_refused_and_not_asked_for_again(
    server: Server, answer: Answer, code: int, *, says: tuple[str, ...], downloaded: int
) -> None:
    tally = Tally()
    server.answers["/thing.tar"] = [answer]
    with pytest.raises((IntegrityError, UnavailableError), match=r"thing\.tar") as caught:
        fetch([artifact(BODY, f"{server.url}/thing.tar")], tally=tally)
    assert [one for one in says if one not in str(caught.value)] == []
    assert (caught.value.exit_code, tally.downloaded) == (code, downloaded)
    assert files() == []
    assert len(server.log) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(min_size=1, max_size=4000),
    troubles=st.lists(st.sampled_from(["cut", "503", "no range", "unsized", "other"]), max_size=6),
    cuts=st.lists(st.integers(0, 4000), min_size=6, max_size=6),
)
def test_whatever_the_server_does_no_other_byte_gets_through(
    server: Server, body: bytes, troubles: list[str], cuts: list[int]
) -> None:
    made: dict[str, Callable[[int], Answer]] = {
        "503": lambda _: status(503),
        "cut": lambda cut: ranged(body, cut),
        "no range": lambda _: no_range(body),
        "unsized": lambda cut: unsized(body[:cut]),
        "other": lambda cut: ranged((body[:cut] + b"#" + body[cut:])[: len(body)]),
    }
    answers = [made[name](cut) for name, cut in zip(troubles, cuts, strict=False)]
    digest = hashlib.sha256(body).hexdigest()
    try:
        path = get(server, *answers, ranged(body), body=body)
    except (IntegrityError, UnavailableError):
        assert not (downloads_dir() / digest).exists()
    else:
        assert path.read_bytes() == body
