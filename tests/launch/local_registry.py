"""A registry of the tests' own: Debian's, on a free port of the loopback."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from debian_tools import unpacked

from hpcpy.engine.setup import Engine
from running import run

SECONDS = 300


@dataclass(frozen=True)
class Registry:
    address: str
    skopeo: Path

    def skopeo_says(self, *words: str | Path) -> str:
        done = run(self.skopeo, *words, check=True)
        return done.stdout

    def push(self, archive: Path, repository: str) -> str:
        """Send an OCI archive as the pages do; return its name in the registry."""
        name = f"docker://{self.address}/{repository}"
        words = ("--preserve-digests", "--dest-tls-verify=false", f"oci-archive:{archive}", name)
        self.skopeo_says("copy", *words)
        return name


def serve(engine: Engine, folder: Path) -> Iterator[Registry]:
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [unpacked("registry") / "usr/bin/docker-registry", "serve", configuration],
            env={k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(address, process, folder / "log")
        yield Registry(address, engine["skopeo"].path)
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{address}/v2/", timeout=SECONDS).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
