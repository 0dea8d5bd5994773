"""Faults of a release of CPython that later ones have mended: recipes/patches/python.

Each program prints `right`.
"""

import textwrap
from pathlib import Path

import pytest

from running import said

ARCHIVE = """
import io, pathlib, tarfile, tempfile, os
top = pathlib.Path(tempfile.mkdtemp())
inside = top / "a" / "b" / "inside"
inside.mkdir(parents=True)
def member(name, kind=tarfile.REGTYPE, to="", text=b""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, to, len(text)
    return info, io.BytesIO(text)
def extract(members, filter):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for each in members:
            archive.addfile(*each)
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        archive.extractall(inside, filter=filter)
"""

PROGRAMS = {
    # CVE-2026-82049: a copy of `x/y/up` two folders higher would point out of the folder.  Linux's
    # link follows links, so this held before.
    "hard link to a link": """
        (top / "a" / "secret").write_text("x")
        extract([
            member("x/y/file"), member("secret", text=b"inside"),
            member("x/y/up", tarfile.SYMTYPE, "../../secret"),
            member("out", tarfile.LNKTYPE, "x/y/up"),
        ], "data")
        assert (inside / "out").read_text() == "inside"
        print("right")
    """,
    # CVE-2026-114583: the destination itself became a link out of it.
    "a link in the folder's place": """
        import itertools
        kinds = tarfile.SYMTYPE, tarfile.LNKTYPE
        for kind, filter in itertools.product(kinds, ("tar", "data")):
            try:
                extract([member("./", kind, "x/.."), member("later", text=b"z")], filter)
            except tarfile.OutsideDestinationError:
                continue
            raise SystemExit(f"{kind} {filter}: not refused")
        assert not inside.is_symlink()
        print("right")
    """,
    # gh-157265
    "a refused link's target": """
        def refuse_names(info, path):
            return None if info.name == "b" and info.isreg() else tarfile.data_filter(info, path)
        def no_links(*paths):
            raise OSError
        os.link = no_links
        extract([member("a", text=b"1"), member("b", tarfile.LNKTYPE, "a")], refuse_names)
        assert (inside / "a").exists() and not (inside / "b").exists()
        print("right")
    """,
    # gh-155999
    # gh-156793
    "a TLS connection without a name": """
        import ssl
        context = ssl.create_default_context()
        try:
            context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())
        except ValueError:
            print("right")
    """,
    # gh-160300
    "a cookie of a negative version": """
        import http.cookiejar, urllib.request
        class Answer:
            def info(self):
                import email.message
                headers = email.message.Message()
                headers["Set-Cookie2"] = 'a=b; Version="-1"; Domain=".bank.example"'
                headers["Set-Cookie"] = 'a=b; Version="-1"; Domain=".bank.example"'
                return headers
        jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(rfc2965=True))
        jar.extract_cookies(Answer(), urllib.request.Request("http://evil.example/"))
        assert not list(jar), list(jar)
        print("right")
    """,
    # CVE-2026-15806: what was given for https went to http.
    # gh-157579: a link put in a closed folder's place led the removal to another folder.
    "a temporary folder's removal": """
        import inspect, tempfile
        # The race itself cannot be told from luck: removal goes by open folders.
        assert "dir_fd" in inspect.signature(tempfile.TemporaryDirectory._rmtree).parameters
        with tempfile.TemporaryDirectory() as name:
            import os, pathlib
            closed = pathlib.Path(name, "closed")
            closed.mkdir()
            (closed / "file").touch()
            closed.chmod(0)
        assert not pathlib.Path(name).exists()
        print("right")
    """,
    # CVE-2026-115557, by the certificates of CPython's own test (Debian's
    # libpython3.14-testsuite).
    "a compromised authority": f"""
        import pathlib, ssl, tempfile, zipfile
        folder = pathlib.Path(tempfile.mkdtemp())
        with zipfile.ZipFile({str(Path(__file__).with_name("distrusted.zip"))!r}) as archive:
            archive.extractall(folder, pwd=b"Brave Sir Robin")
        folder /= "distrusted"
        def connect(server_file, root, verify=ssl.CERT_REQUIRED):
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            client.check_hostname, client.verify_mode = verify == ssl.CERT_REQUIRED, verify
            client.load_verify_locations(folder / root)
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(folder / server_file)
            a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
            ours = client.wrap_bio(a, b, server_hostname="localhost")
            theirs = server.wrap_bio(b, a, server_side=True)
            for _ in range(4):
                for side in ours, theirs:
                    try:
                        side.do_handshake()
                    except ssl.SSLWantReadError:
                        pass
        try:
            connect("distrusted_keycert.pem", "distrusted_root.pem")
        except ssl.SSLCertVerificationError as error:
            assert error.verify_code == 28, error
            # Who verifies nothing is not refused.
            connect("distrusted_keycert.pem", "distrusted_root.pem", ssl.CERT_NONE)
            print("right")
    """,
}


@pytest.mark.parametrize("fault", PROGRAMS)
def test_a_fault_of_cpython_is_mended(fault: str) -> None:
    program = textwrap.dedent(PROGRAMS[fault])
    assert said((ARCHIVE if "extract(" in program else "") + program) == ["right"]
