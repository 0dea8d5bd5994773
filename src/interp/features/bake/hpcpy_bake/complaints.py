"""Turn pip's complaints into one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hpcpy_bake.errors import UNAVAILABLE, USAGE, WRONG_BYTES, BakeError

_OTHER = "take another version of it, or install it in a virtual environment"
_HASH = re.compile(
    r"(?m)^ +(?P<what>\S.*?)(?: from (?P<file>\S+).*)?:\n +Expected (?P<kind>\w+) (?P<want>\w+)"
    r"(?:\n +Expected +or \w+)*\n +Got +(?P<got>\w+)"
)
_HASHES_ARE_REQUIRED = "--require-hashes mode"
_NO_HASH = re.compile(r"(?m)^ +(?P<what>\S.*?)(?: --hash=| from )")
_NO_VERSIONS = " (from versions: none)"
# Why an index was not read: pip's final line, which is preferred, and that of each attempt.
_NOT_READ = (
    re.compile(r"(?m)^Could not fetch URL (?P<where>\S+): (?P<why>.+) - skipping$"),
    re.compile(r"connection broken by '(?P<why>.+)': (?P<where>\S+)$", re.MULTILINE),
)
_CERTIFICATES = (
    "name your site's certificates by SSL_CERT_FILE or --cert (docs/how-to/troubleshooting.md)"
)
_CONSTRAINT = re.compile(r"The user requested \(constraint\) (?P<name>[\w.-]+)==(?P<version>\S+)")


def explain(said: str, own: Mapping[str, str]) -> BakeError:
    """Return pip's complaint as an error of one line; `own` are the image's own versions."""
    if found := _HASH.search(said):
        name = (found["file"] or found["what"]).rpartition("/")[2]
        return BakeError(
            f"{name}: its {found['kind']} is {found['got']}, the requirements say "
            f"{found['want']}; get the file again, or mend the requirements",
            WRONG_BYTES,
        )
    if _HASHES_ARE_REQUIRED in said:
        found = _NO_HASH.search(said.partition(_HASHES_ARE_REQUIRED)[2])
        which = found["what"] if found else _last_error(said)
        return BakeError(
            f"the requirements have hashes, but none for {which}; add it, or leave all of them out",
            USAGE,
        )
    if "The conflict is caused by:" in said:
        return BakeError(f"{_conflict(said, own)}; {_OTHER}")
    error = _last_error(said)
    if _NO_VERSIONS in error:
        error = f"{error.replace(_NO_VERSIONS, '')}{_not_read(said)}"
    return BakeError(f"pip: {error}", UNAVAILABLE)


def _not_read(said: str) -> str:
    for pattern in _NOT_READ:
        if found := pattern.search(said):
            hint = f"; {_CERTIFICATES}" if "CERTIFICATE_VERIFY_FAILED" in found["why"] else ""
            return f": {found['where']}: {found['why']}{hint}"
    return ": no index has it"


def _conflict(said: str, own: Mapping[str, str]) -> str:
    block = said.partition("The conflict is caused by:")[2].lstrip("\n").partition("\n\n")[0]
    causes = []
    for line in (line.strip() for line in block.splitlines() if line.strip()):
        held = _CONSTRAINT.match(line)
        if held and held["name"].lower().replace("_", "-") in own:
            causes.append(f"the image has {held['name']} {held['version']}")
        else:
            causes.append(re.sub(r"^The user requested (\(constraint\) )?", "you ask for ", line))
    return ", ".join(dict.fromkeys(causes))


def _last_error(said: str) -> str:
    errors = re.findall(r"(?m)^ *(?:ERROR|error): (?!Exception:)(.+)", said)
    if "Traceback (most recent call last)" in said:
        # Mostly of a build: the last line of the traceback says what went wrong.
        errors = []
    # The first error says what is missing, the others what follows from it.  A list of
    # versions for other Pythons may stand before it.
    others = ("No matching distribution", "Ignored the following")
    lines = [line for line in errors if not line.startswith(others)] or errors
    plain = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines or plain[-1:] or ["it said nothing"])[0]
