"""A site's own certificates: a server that they sign is trusted when they are brought."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hpcpy.engine.prefix import find_apptainer
from running import Done, run
from small_packages import wheel

# The image's own program: the host may have none. Python refuses an authority
# without a key usage since 3.13.
MAKE = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=site \
    -addext keyUsage=critical,keyCertSign
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request -subj /CN=localhost
echo subjectAltName=DNS:localhost >extensions
openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -out chain.pem -days 2 \
    -extfile extensions
"""
GET = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
PATHS = """
import ssl
paths = ssl.get_default_verify_paths()
print(paths.cafile, len(ssl.create_default_context().get_ca_certs()))
"""
# What this machine says of its own certificates is not the image's affair.
NAMES = ("SSL_CERT", "CURL_CA", "REQUESTS_CA", "PIP_", "APPTAINER", "SINGULARITY")
OURS = "/mnt/ca.pem"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """A server with a package index, whose certificate a private authority has signed."""

    folder: Path
    sif: str
    url: str = ""

    def run(self, *words: str, options: tuple[str, ...] = (), **variables: str) -> Done:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(NAMES)}
        own = ("--no-home", f"--bind={self.folder}:/mnt", "--pwd=/mnt", *options)
        command = (find_apptainer(), "exec", *own, self.sif, *words)
        return run(*command, env={**inherited, **variables})

    def get(self, **variables: Any) -> Done:
        return self.run("python3", "-c", GET, f"{self.url}/hello", **variables)


@pytest.fixture(scope="module")
def site(sif: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    made = Site(folder, sif).run("sh", "-euc", MAKE)
    assert made.returncode == 0, made.stderr
    served = folder / "served"
    index = served / "simple/plain"
    index.mkdir(parents=True)
    (served / "hello").write_text("hello")
    name = wheel(index, "plain", "1.0", {"plain.py": "VALUE = 1\n"}).name
    (index / "index.html").write_text(f'<a href="{name}">{name}</a>')
    server = ThreadingHTTPServer(("localhost", 0), partial(_Quiet, directory=str(served)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, sif, f"https://localhost:{server.server_port}")
    server.shutdown()


def test_the_image_has_a_bundle_where_programs_look(site: Site) -> None:
    done = site.run("python3", "-c", PATHS)
    assert done.returncode == 0, done.stderr
    cafile, count = done.stdout.split()
    assert cafile != "None"
    assert int(count) > 100
    done = site.run("grep", "-c", "BEGIN CERTIFICATE", "/etc/ssl/cert.pem")
    assert int(done.stdout) > 100


def test_an_unknown_authority_is_refused(site: Site) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in site.get().stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", OURS),
        ("APPTAINER_BIND", "{folder}/ca.pem:/etc/ssl/certs/ca-certificates.crt"),
    ],
)
def test_a_sites_own_is_brought(site: Site, variable: str, value: str) -> None:
    done = site.get(**{variable: value.format(folder=site.folder)})
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr


def test_baking_from_a_sites_index(site: Site) -> None:
    command = ["python3", "-m", "hpcpy_bake", f"--index-url={site.url}/simple", f"--cert={OURS}"]
    done = site.run(*command, "plain", options=("--writable-tmpfs",))
    assert done.returncode == 0, done.stderr
    assert "plain-1.0" in done.stdout
