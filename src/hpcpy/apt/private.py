"""apt with a configuration of ours.

The private configuration has its own sources, lists, cache and dpkg status,
so that packages of other Debian releases can be resolved and downloaded with
apt's signature checks without a change to the host.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import disk_errors
from hpcpy.pins.model import DebianSuite

_HOSTS_MAIN = Path("/etc/apt/apt.conf")
KEYRINGS = Path("/usr/share/keyrings")


@dataclass(frozen=True)
class Deb:
    """A package file: its address, and its name as apt downloads it."""

    url: str
    file: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.file.split("_")[0]

    @property
    def version(self) -> str:
        """Its version, by the file name: the address lacks the epoch, as in 1%3a2.3."""
        return unquote(self.file).split("_")[1]


class PrivateApt:
    """apt for some suites of Debian, apart from the host's own.

    Its configuration, lists, cache and dpkg status lie in `folder`; `mirrors` has the base
    URL of each archive, as `hpcpy.apt.mirrors.debian_mirrors` returns; `arch` is Debian's name.
    """

    def __init__(
        self,
        folder: Path,
        suites: tuple[DebianSuite, ...],
        mirrors: dict[str, str],
        arch: str,
    ) -> None:
        missing = sorted({suite.archive for suite in suites} - set(mirrors))
        if missing:
            raise UnavailableError(
                f"no mirror of the {missing[0]} archive is configured on this machine",
                hint="set HPCPY_DEBIAN_MIRROR to one, such as http://HOST/debian",
            )
        self.folder = folder
        self._config = folder / "apt.conf"
        with disk_errors(folder):
            for name in ("lists/partial", "cache/archives/partial", "empty"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / "status").touch()
            (folder / "sources.list").write_text(
                "".join(
                    f"deb [arch={arch} signed-by={_keyring()}"
                    f"{'' if suite.check_date else ' check-valid-until=no'}] "
                    f"{mirrors[suite.archive]} {suite.name} main\n"
                    for suite in suites
                )
            )
            (folder / "last.conf").write_text(self._configuration(arch, suites[0].name))
            # apt reads this file first, then the host's apt.conf.d (proxies
            # stay), and last what takes the place of /etc/apt/apt.conf.
            self._config.write_text(f'Dir::Etc::main "{folder}/last.conf";\n')

    def _configuration(self, arch: str, release: str) -> str:
        # Hooks of the host (docker-clean, appstream) come with its apt.conf.d,
        # and would change the host.
        where = self.folder
        hosts = f'#include "{_HOSTS_MAIN}";\n' if _HOSTS_MAIN.exists() else ""
        return hosts + (
            f'APT::Architecture "{arch}";\n'
            f'APT::Architectures "{arch}";\n'
            f'APT::Default-Release "/^{release}(|-security|-updates)$/";\n'
            'APT::Install-Recommends "false";\n'
            'APT::Sandbox::User "root";\n'
            'Acquire::Retries "3";\n'
            'Acquire::http::Timeout "30";\n'
            'Acquire::Languages "none";\n'
            f'Dir::Etc::sourcelist "{where}/sources.list";\n'
            f'Dir::Etc::sourceparts "{where}/empty";\n'
            f'Dir::Etc::preferencesparts "{where}/empty";\n'
            f'Dir::State "{where}";\n'
            f'Dir::State::lists "{where}/lists";\n'
            f'Dir::State::status "{where}/status";\n'
            f'Dir::Cache "{where}/cache";\n'
            "#clear DPkg::Post-Invoke;\n"
            "#clear APT::Update::Post-Invoke;\n"
            "#clear APT::Update::Post-Invoke-Success;\n"
        )

    @property
    def env(self) -> dict[str, str]:
        """Variables that make any apt program use this configuration."""
        return {"APT_CONFIG": str(self._config), "LC_ALL": "C.UTF-8"}

    def output(self, *command: str, cwd: Path | None = None) -> str:
        """Run an apt program and return what it printed."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.env},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            reason = lines[0] if lines else f"exit code {done.returncode}"
            raise UnavailableError(f"{command[0]} {command[1]}: {reason}")
        return done.stdout


def _keyring() -> Path:
    keyring = KEYRINGS / "debian-archive-keyring.gpg"
    if not keyring.exists():
        raise UnavailableError(
            f"{keyring}: not there, so Debian's signatures cannot be checked",
            hint="install the package debian-archive-keyring",
        )
    return keyring


def uris(apt: PrivateApt, action: str, *words: str) -> list[Deb]:
    """Return what an action of apt-get would download."""
    options = ("--print-uris", "-qq", "-o", "Acquire::ForceHash=SHA256")
    return parse_uris(apt.output("apt-get", action, *options, *words))


def parse_uris(text: str) -> list[Deb]:
    """Read what ``apt-get --print-uris`` printed: URL in quotes, file name, size, hash."""
    found = []
    for line in text.splitlines():
        if not line.startswith("'"):
            continue
        url, file, size, digest = shlex.split(line)
        kind, _, value = digest.partition(":")
        if kind != "SHA256":
            raise UnavailableError(f"apt-get --print-uris: no SHA-256: {line}")
        found.append(Deb(url, file, int(size), value))
    return found
