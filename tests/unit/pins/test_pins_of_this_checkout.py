"""The pins of env/: complete, as asked for, and nowhere else in what git tracks but in prose."""

import itertools
import re
import shutil
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.venv import TITLES
from hpcpy.images.graph import the_graph
from hpcpy.lock import python
from hpcpy.pins.debian import debian_request, debs
from hpcpy.pins.model import GROUPS, sources, wheels
from running import run

# A choice between a permissive licence and one of the GPL is none of the GPL.
CHOICE = re.compile(r"\(BSD-\d-Clause OR GPL-[\w.-]+\)")


def asked_for(name: str) -> set[str]:
    lines = (paths.ENV / name).read_text().splitlines()
    return {
        re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0] for line in lines if line[:1] not in ("", "#")
    }


def test_locks_have_what_is_asked_for() -> None:
    request = debian_request()
    for arch in request.architectures:
        for group, file in GROUPS.items():
            assert asked_for(file) <= {wheel.name for wheel in wheels(group, arch)}
        for name in request.sets_of(arch):
            assert debs(name, arch)
    for name in TITLES:
        text = (paths.ENV / f"{name}.lock").read_text()
        assert asked_for(f"{name}.in") <= set(python.versions_in(text))
        # With hashes, and without an index.
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text
        assert "index" not in text


def test_wheels_are_for_the_pinned_interpreter() -> None:
    python = "".join(sources()["python"].version.split(".")[:2])
    architectures = debian_request().architectures
    for group, arch in itertools.product(GROUPS, architectures):
        for wheel in wheels(group, arch):
            assert not any(other in wheel.filename for other in architectures if other != arch)
            tag = wheel.filename.split("-")[-3]
            assert tag.startswith("py") or "abi3" in wheel.filename or tag == f"cp{python}"


def test_what_is_built_from_source_is_the_wheels_version() -> None:
    # The image `wheels` is what the other one is measured and tested against.
    graph = the_graph()
    for part in graph.parts.values():
        groups = (*part.wheels, *part.tools)
        versions = {one.name: one.version for group in groups for one in wheels(group, "x86_64")}
        for name in part.without:
            assert versions[name] == sources()[name].version


def test_no_source_has_a_licence_with_copyleft() -> None:
    # What is built from source is linked into the interpreter, and given away with it.
    # Others, such as EasyBuild, tests run as they are.
    used = {name for part in the_graph().parts.values() for name in part.sources}
    left = {name: CHOICE.sub("", sources()[name].licence) for name in used}
    assert {name: licence for name, licence in left.items() if "GPL" in licence} == {}
    assert all(source.licence for source in sources().values())


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


# What each version looks like: the search for thousands of them is slow.
VERSION = re.compile(r"\d[\w.]*[.+:~-]\w*\d")


def lines_with(pattern: re.Pattern[str], among: re.Pattern[str]) -> list[str]:
    found = []
    for path in files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            if path.suffix == ".patch" and not line.startswith("+"):
                continue  # the text of what is patched, and why it is
            for match in pattern.finditer(line) if among.search(line) else ():
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
    assert lines_with(URL, URL) == []


def test_no_pinned_version_stands_outside_env() -> None:
    assert lines_with(pinned_versions(), VERSION) == []
