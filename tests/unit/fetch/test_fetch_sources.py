"""Where a file comes from when its first source fails; proxies, mirrors and the private apt."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from misbehaving_server import Answer, Handler, Server, artifact, ranged, status

from hpcpy.commands import run as run_hpcpy
from hpcpy.fetch.apt import PrivateApt, debian_mirrors
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import DebianSuite
from hpcpy_common.errors import IntegrityError, UnavailableError, UsageError
from running import run

BODY = b"the pinned bytes"
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


pytestmark = pytest.mark.usefixtures("empty_cache", "patience")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HPCPY_DEBIAN_MIRROR", raising=False)
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetched(*urls: str) -> bytes:
    wanted = artifact(BODY, *urls)
    return fetch([wanted])[wanted].read_bytes()


@pytest.mark.parametrize("answer", [status(404), ranged(b"wrong" * 9)])
def test_second_source_serves_when_the_first_fails(server: Server, answer: Answer) -> None:
    server.answers |= {"/first": [answer], "/second": [ranged(BODY)]}
    assert fetched(f"{server.url}/first", f"{server.url}/second") == BODY


def test_wrong_bytes_weigh_more_than_a_missing_second_source(server: Server) -> None:
    server.answers["/a"] = [ranged(b"wrong")]
    with pytest.raises(IntegrityError, match=r"/a: expected .*, found 5 bytes; .*/b: HTTP 404"):
        fetched(f"{server.url}/a", f"{server.url}/b")


def answer(*lines: bytes) -> Answer:
    def write(handler: Handler) -> None:
        handler.wfile.write(b"\r\n".join([*lines, b"", b"x"]))

    return write


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(answer(b"HTTP/1.1 302 Found", b"Location: /thing"), id="redirects to itself"),
        pytest.param(answer(b"\x1b[31mno\thttp" + b" at all" * 999), id="garbage"),
        pytest.param(answer(b"HTTP/1.1 200 OK", b"Content-Length: \xb2"), id="no number"),
    ],
)
def test_what_a_server_sends_is_one_short_line(server: Server, odd: Answer) -> None:
    server.answers["/thing"] = [odd]
    with pytest.raises((IntegrityError, UnavailableError)) as caught:
        fetched(f"{server.url}/thing")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("form", ["http://{}", "me:p@ss:1@{}", "http://me:p/:1@{}", "HTTP://{}/x"])
def test_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    url = "http://nowhere.invalid/thing.tar"
    server.answers[url] = [ranged(BODY)]
    monkeypatch.setenv("http_proxy", form.format(server.url.removeprefix("http://")))
    assert fetched(url) == BODY


def test_mirror_of_the_machine_stands_for_the_archive(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", f"{server.url}/debian")
    server.answers["/debian-security/pool/x.deb"] = [ranged(BODY)]
    assert fetched("apt-mirror:debian-security/pool/x.deb") == BODY


needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt on this machine")


@needs_apt
def test_a_mirror_of_apts_with_a_login_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"deb http://{address} x main\n" for address in OF_APT]
    (tmp_path / "sources.list").write_text("".join(lines))
    (tmp_path / "apt.conf").write_text(f'Dir::Etc "{tmp_path}";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    for _ in range(2):
        assert debian_mirrors() == {"debian-security": "http://m.invalid/debian-security"}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("apt's mirror of debian is passed over: its address has a login")
    assert "secret" not in line


OF_APT = ("me:secret@m.invalid/debian", "m.invalid/debian?secret", "m.invalid/debian-security")
MIRRORS = {"debian": "http://mirror.invalid/debian"}


WRONG = {
    "HPCPY_DEBIAN_MIRROR": (
        *("foo", "http://m.invalid/debian main\ndeb x", "http://[::1/"),
        *("http://me:secret@m.invalid/debian", "http://m.invalid/debian?token=secret"),
    ),
    "http_proxy": ("http://me:secret", "me:secret"),
    "HTTPS_PROXY": ("http://me:1@x:secret/@y", "http://a..invalid:80"),
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in WRONG for text in WRONG[name]])
def test_what_is_no_address_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    # Said on a full disk, too: the cure of that would not help.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(UsageError, match=f"^{name} is not an address such as") as caught:
        run_hpcpy(["fetch"])
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert text not in str(caught.value)


def test_a_missing_mirror_or_apt_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"debian-security.*HPCPY_DEBIAN_MIRROR"):
        PrivateApt(tmp_path, (DebianSuite("debian-security", "stable-security"),), MIRRORS, "amd64")
    assert list(tmp_path.iterdir()) == []
    # A machine without apt is not asked for a mirror.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"^no apt-get here"):
        PrivateApt(tmp_path, (DebianSuite("debian", "stable"),), {}, "amd64")


@pytest.fixture
def private(tmp_path: Path) -> PrivateApt:
    try:
        return PrivateApt(tmp_path / "apt", (DebianSuite("debian", "stable"),), MIRRORS, "arm64")
    except UnavailableError as error:
        pytest.skip(str(error))


@needs_apt
def test_configuration_leaves_the_hosts_packages_and_hooks_out(private: PrivateApt) -> None:
    shown = dict(
        line.rstrip(";").split(" ", 1)
        for line in private.output("apt-config", "dump").splitlines()
        if " " in line
    )
    for name in ("Dir::State", "Dir::State::lists", "Dir::State::status", "Dir::Cache"):
        assert shown[name].startswith(f'"{private.folder}')
    assert shown["APT::Architecture"] == '"arm64"'
    assert not [name for name in shown if "Invoke" in name and shown[name] != '""']
    command = ("apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)")
    listed = run(*command, env=private.env, check=True)
    assert set(listed.stdout.split()) == {f"{MIRRORS['debian']}/"}


def test_who_shares_the_lists_waits(private: PrivateApt) -> None:
    # apt itself ends where another one has its lock.
    script = f"mkdir {private.folder}/busy && sleep 0.3 && rmdir {private.folder}/busy"
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(private.output, ["sh"] * 3, ["-c"] * 3, [script] * 3)) == [""] * 3


@needs_apt
def test_failure_of_apt_is_its_first_error_line(private: PrivateApt) -> None:
    with pytest.raises(UnavailableError, match="apt-get download: E: ") as caught:
        private.output("apt-get", "download", "hpcpy-not-there")
    assert "\n" not in str(caught.value)
