"""The machine's own Debian mirror, and apt's way to it."""

from __future__ import annotations

import base64
import os
import re
from urllib.parse import unquote, urlsplit

from hpcpy.core.errors import UsageError
from hpcpy.core.programs import captured

_VARIABLE = "HPCPY_DEBIAN_MIRROR"
_ADDRESS = re.compile(
    r"https?://([\w.~%:-]+@)?([\w.-]+|\[[\da-f:]+\])(:[1-9]\d{0,4})?(/[\w.~%+/@:-]*)?", re.ASCII
)
ARCHIVES = ("debian", "debian-security")
# A mirror's host and port, with the user and the password for it: no address has them, so
# that no message and no file does.
_logins: dict[str, tuple[str, str]] = {}


def given_mirror() -> str:
    """Return ``HPCPY_DEBIAN_MIRROR`` without a final slash; empty when it is not set."""
    given = os.environ.get(_VARIABLE, "").rstrip("/")
    # It must stay one word, and no option, in a line of sources.list.
    if given and not _ADDRESS.fullmatch(given):
        shown = re.sub(r"//.*@", "//…@", given, flags=re.DOTALL)
        raise UsageError(
            f"{_VARIABLE}={shown!r} is not an address of a mirror",
            hint="it is one such as http://HOST/debian",
        )
    return _without_login(given)


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    if login:
        user, _, password = login.partition(":")
        _logins[host] = (unquote(user), unquote(password))
    return parts._replace(netloc=host).geturl()


def authorization(url: str) -> dict[str, str]:
    """Return the header with the login for an address, where there is one."""
    if login := _logins.get(urlsplit(url).netloc):
        return {"Authorization": f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"}
    return {}


def netrc() -> str:
    """Return the lines that tell apt the logins."""
    return "".join(
        f"machine {scheme}://{host} login {user} password {password}\n"
        for host, (user, password) in _logins.items()
        for scheme in ("http", "https")
    )


def debian_mirrors() -> dict[str, str]:
    """Return the base URL of each Debian archive (`ARCHIVES`), as this machine's apt has it.

    ``HPCPY_DEBIAN_MIRROR`` goes before apt's sources.  Empty where neither is set.
    """
    if override := given_mirror():
        return {name: f"{override.removesuffix('/debian')}/{name}" for name in ARCHIVES}
    # Without release information: the index files of it are not there before
    # the first `apt-get update`, as on a fresh machine.
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"]
    mirrors: dict[str, str] = {}
    # None on a machine that is not Debian's.
    for line in captured(command).stdout.splitlines():
        url = _without_login(line.strip().rstrip("/"))
        archive = urlsplit(url).path.rsplit("/", 1)[-1]
        if archive in ARCHIVES:
            mirrors.setdefault(archive, url)
    return mirrors


def apt_proxies(host: str) -> dict[str, str] | None:
    """Return apt's proxies for `host` by scheme, empty for a direct connection.

    None where apt says nothing: the environment's then hold, as they do for apt.
    """
    dump = captured(["apt-config", "dump", "--format", "%f\t%v%n", "Acquire"]).stdout
    options = dict(line.split("\t", 1) for line in dump.splitlines() if "\t" in line)
    proxies = {}
    for scheme in ("http", "https"):
        general = f"Acquire::{scheme}::Proxy"
        value = options.get(f"{general}::{host}") or options.get(general, "")
        if value == "DIRECT":
            return {}
        if value:
            proxies[scheme] = value
    return proxies or None
