"""Versions and addresses stand in env/ and nowhere else.

The tests read every file that git tracks or would track, except for prose:
Markdown, LICENSE and the recorded results under docs/ state what was, or link
to what can be read, and nothing is built from them.
"""

import re
import shutil
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.pins.debian import debian_request, debs
from hpcpy.pins.model import GROUPS, sources, wheels
from running import run

PROSE = re.compile(r"env/|docs/|LICENSE$|.*\.md$")
URL = re.compile(r"(?:https?|ftp)://(?P<host>[A-Za-z0-9.-]+)")
# Loopback, and the names that RFC 2606 keeps for examples.  A host without a
# dot, as in a hint's http://HOST/debian, is no public one either.  W3C's is a name in SVG.
NO_PUBLIC_HOST = re.compile(
    r"127\.0\.0\.1|www\.w3\.org|[^.]+|(.*\.)?(example|invalid|localhost|test)|(.*\.)?example\.(com|net|org)"
)


def files() -> list[Path]:
    if not shutil.which("git") or not (paths.ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to it is not known")
    # Also what is about to be added.
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = run(*command, cwd=paths.ROOT, check=True).stdout.split("\0")
    found = [paths.ROOT / name for name in listed if name and not PROSE.match(name)]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            if path.suffix == ".patch" and not line.startswith("+"):
                continue  # the text of what is patched, and why it is
            for match in pattern.finditer(line):
                host = match.groupdict().get("host")
                if host is None or not NO_PUBLIC_HOST.fullmatch(host):
                    where = path.relative_to(paths.ROOT)
                    found.append(f"{where}:{number}: {match[0]}")
    return found


def pinned_versions() -> re.Pattern[str]:
    """Return a pattern that matches a pinned version.

    A version of three or more parts counts wherever it stands.  A shorter one,
    or one of a package that only came along, may be another program's or a
    plain number: it counts beside its package's name alone.
    """
    asked = set(sources())
    for name in GROUPS.values():
        asked |= set(re.findall(r"(?m)^[\w.-]+", (paths.ENV / name).read_text()))
    artifacts = list(sources().values())
    for arch in debian_request().architectures:
        for group in GROUPS:
            artifacts += wheels(group, arch)
        for name in debian_request().sets_of(arch):
            artifacts += debs(name, arch)
    alternatives = set()
    for artifact in artifacts:
        version = re.escape(artifact.version)
        alternatives.add(rf"{re.escape(artifact.name)}[ =_<>~-]{{1,4}}{version}")
        if artifact.name in asked and artifact.version.count(".") > 1:
            alternatives.add(version)
    return re.compile(rf"(?<![\w.])({'|'.join(sorted(alternatives))})(?![\w.])")


def test_no_address_stands_outside_env() -> None:
    assert lines_with(URL) == []


def test_no_pinned_version_stands_outside_env() -> None:
    assert lines_with(pinned_versions()) == []
