"""The machine's own Debian mirror, and an apt for other releases that leaves the host as it is."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from hpcpy.core.files import disk_errors
from hpcpy.core.paths import cache_dir
from hpcpy.core.programs import captured
from hpcpy.core.scratch import locked
from hpcpy.core.trust import require_own
from hpcpy.pins.debian import DebianRequest, debian_request
from hpcpy.pins.model import APT_MIRROR, ARCHITECTURES, Artifact, DebianSuite, Source
from hpcpy.pins.tables import file_name
from hpcpy_common.errors import UnavailableError, UsageError

_VARIABLE = "HPCPY_DEBIAN_MIRROR"
_HOST = r"([\w-]{1,63}(\.[\w-]{1,63})*\.?|\[[\da-f:.]+\])(:[1-9]\d{0,4})?"
_MIRROR = re.compile(rf"https?://{_HOST}(/[\w.~%+/:-]*)?", re.A | re.I)
# No more than urllib understands, which prints what it takes for a port.
_PROXY = re.compile(rf"\w+://(([^@]*|[^/]*)@)?{_HOST}(/[^@]*)?|([^/]*@)?{_HOST}", re.A | re.I)
ARCHIVES = ("debian", "debian-security")


def given_mirror() -> str:
    """Return ``HPCPY_DEBIAN_MIRROR``, empty when it is not set; refuse wrong proxies, too."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        _given(name, _PROXY, "http://HOST:PORT")
    # It must stay one word, and no option, in a line of sources.list.
    return _given(_VARIABLE, _MIRROR, "http://HOST/debian, without a login").rstrip("/")


def _given(name: str, form: re.Pattern[str], example: str) -> str:
    address = os.environ.get(name, "")
    if address and not form.fullmatch(address):
        # Never with the value, in which may be a password.
        raise UsageError(f"{name} is not an address such as {example}")
    return address


def debian_mirrors() -> dict[str, str]:
    """Return the base URL of each Debian archive: by HPCPY_DEBIAN_MIRROR, by apt, or of env/."""
    if override := given_mirror():
        return _archives(override)
    # Without release information: the index files of it are not there before
    # the first `apt-get update`, as on a fresh machine.
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"]
    mirrors: dict[str, str] = {}
    # None on a machine that is not Debian's.
    for line in captured(command).stdout.splitlines():
        url = line.strip().rstrip("/")
        archive = urlsplit(url).path.rsplit("/", 1)[-1]
        if archive in ARCHIVES and re.search("[@?]", url):
            # Its password would be in messages.
            _say_once(f"apt's mirror of {archive} is passed over: its address has a login")
        elif archive in ARCHIVES:
            mirrors.setdefault(archive, url)
    mirror = debian_request().mirror
    return mirrors or (_archives(mirror) if mirror else {})


@functools.cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr)


def _archives(mirror: str) -> dict[str, str]:
    return {name: f"{mirror.removesuffix('/debian')}/{name}" for name in ARCHIVES}


_HOSTS_MAIN = Path("/etc/apt/apt.conf")
KEYRINGS = Path("/usr/share/keyrings")


class PrivateApt:
    """apt for some suites of Debian, apart from the host's own: all of it lies in `folder`."""

    def __init__(
        self, folder: Path, suites: tuple[DebianSuite, ...], mirrors: dict[str, str], arch: str
    ) -> None:
        if not shutil.which("apt-get"):
            raise UnavailableError("no apt-get here, which looks Debian's packages up")
        missing = sorted({suite.archive for suite in suites} - set(mirrors))
        if missing:
            raise UnavailableError(
                f"no mirror of the {missing[0]} archive is configured on this machine",
                hint="set HPCPY_DEBIAN_MIRROR to one, such as http://HOST/debian",
            )
        self.folder = folder
        self._mirrors = mirrors
        self._config = folder / "apt.conf"
        with locked(folder / "lock"), disk_errors(folder):
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
        return (
            f"{hosts}"
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
            # Parsed lists: Debian's images for containers keep none, and each call takes 1.6 s.
            'Dir::Cache::pkgcache "pkgcache.bin";\n'
            'Dir::Cache::srcpkgcache "srcpkgcache.bin";\n'
            "#clear DPkg::Post-Invoke;\n"
            "#clear APT::Update::Post-Invoke;\n"
            "#clear APT::Update::Post-Invoke-Success;\n"
        )

    @property
    def env(self) -> dict[str, str]:
        """Variables that make any apt program use this configuration."""
        return {"APT_CONFIG": str(self._config), "LC_ALL": "C.UTF-8"}

    def output(self, *command: str, cwd: Path | None = None) -> str:
        """Run an apt program and return what it printed; other users of the lists wait."""
        with locked(self.folder / "lock"):
            done = captured(command, env={**os.environ, **self.env}, cwd=cwd)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            reason = lines[0] if lines else f"exit code {done.returncode}"
            raise UnavailableError(f"{command[0]} {command[1]}: {reason}")
        return done.stdout

    def update(self) -> None:
        """Bring the index up to date."""
        # Without this apt goes on with what it has when one suite fails.
        self.output("apt-get", "update", "-o", "APT::Update::Error-Mode=any")

    def closure(self, packages: Iterable[str]) -> list[Artifact]:
        """Return packages with all that they depend on."""
        # dpkg's status is empty here: whatever is needed counts as new, and
        # is listed.
        return self._uris("install", "-y", *packages)

    def exactly(self, packages: Iterable[str]) -> list[Artifact]:
        """Return packages without what they depend on."""
        return self._uris("download", *packages)

    def _uris(self, action: str, *words: str) -> list[Artifact]:
        options = ("--print-uris", "-qq", "-o", "Acquire::ForceHash=SHA256")
        return parse_uris(self.output("apt-get", action, *options, *words), self._mirrors)


def _keyring() -> Path:
    keyring = KEYRINGS / "debian-archive-keyring.gpg"
    if not keyring.exists():
        raise UnavailableError(
            f"{keyring}: not there, so Debian's signatures cannot be checked",
            hint="install the package debian-archive-keyring",
        )
    return keyring


def parse_uris(text: str, mirrors: dict[str, str]) -> list[Artifact]:
    """Read what ``apt-get --print-uris`` printed: URL in quotes, file name, size, hash."""
    packages = []
    for line in text.splitlines():
        if not line.startswith("'"):
            continue
        url, file, size, digest = shlex.split(line)
        kind, _, value = digest.partition(":")
        if kind != "SHA256":
            raise UnavailableError(f"apt-get --print-uris: no SHA-256: {line}")
        archive = next((name for name, base in mirrors.items() if url.startswith(f"{base}/")), "")
        if not archive:
            raise UnavailableError(f"{url}: apt names a source outside of the mirrors")
        # The version by the file's name: the address lacks the epoch, as in 1%3a2.3.
        name, version, *_ = unquote(file).split("_")
        path = unquote(url.removeprefix(f"{mirrors[archive]}/"))
        # From the mirror alone, which has just offered it.
        source = Source(f"{APT_MIRROR}{archive}/{quote(path)}", int(size), value)
        packages.append(Artifact(name, version, file_name(source.url), "", (source,)))
    return packages


def mirror_of(request: DebianRequest, arch: str) -> PrivateApt:
    """Return the mirror's index for the suites of ``debian.toml``, brought up to date."""
    folder = cache_dir() / "apt" / f"pins-{arch}"
    # apt believes lists that are there; and in its configuration are commands.
    require_own(folder.parent)
    apt = PrivateApt(folder, request.suites, debian_mirrors(), ARCHITECTURES[arch].debian)
    apt.update()
    return apt
