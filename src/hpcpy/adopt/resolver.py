"""Run by the image's Python, which has YAML, pip and what pip knows of versions.

`hpcpy.adopt.image.Image.ask` passes this file as ``python -c`` text, with a request as
JSON on standard input; the answer goes to standard output as JSON.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hpcpy_bake.complaints import explain
from hpcpy_bake.errors import BakeError

# A user's settings must not say where pip would install, or that it needs a venv.
_NOT_SET = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
# Below all versions: pip's complaint then lists those that exist.
_NONE_SO_LOW = "<0.dev0"
_AT_ONCE = 4


def _installed() -> dict[str, str]:
    found = importlib.metadata.distributions()
    return {canonicalize_name(one.metadata["Name"]): one.version for one in found}


def _pip(*arguments: str) -> str:
    """Return pip's output; raise its complaint as one line."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_SET}
    command = [
        *(sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"),
        *("install", "--dry-run", "--progress-bar=off", "--root-user-action=ignore"),
        # The image's Python is marked as externally managed; a dry run changes nothing.
        *("--break-system-packages", *arguments),
    ]
    done = subprocess.run(
        command, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        # This line is about versions that nobody asked for; the complaint follows it.
        output = re.sub(r"(?m)^ERROR: Ignored the following .*\n", "", done.stdout)
        raise explain(output, _installed())
    return done.stdout


def _versions(name: str, options: list[str]) -> list[Version]:
    """Return the versions of a package that pip could install here."""
    try:
        _pip("--no-deps", *options, f"{name}{_NONE_SO_LOW}")
    except BakeError as error:
        if found := re.search(r"\(from versions: ([^)]*)\)", str(error)):
            return sorted(map(Version, found[1].split(", ")))
        if "no index has it" in str(error):
            return []
        raise
    return []


def _is_of_versions(error: BakeError) -> bool:
    message = str(error)
    return any(words in message for words in ("no index has it", "(from versions:", "you ask for",
                                           " depends on ", "the image has"))  # fmt: skip


def nearest(wanted: SpecifierSet, there: list[Version]) -> Version | None:
    """Return the version that is nearest to what was wanted: newer before older."""
    try:
        named = [Version(one.version.removesuffix(".*")) for one in wanted]
    except InvalidVersion:  # of `===`, which takes any text
        named = there[-1:]
    final = [version for version in there if not version.is_prerelease] or there
    newer = [version for version in final if version >= max(named)]
    return min(newer, default=max(final, default=None))


class _Line:
    """A line that pip is asked for."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.name = canonicalize_name(row["name"])
        self.extras, self.url = row["extras"], row["url"]
        self.why = ""
        try:
            self.wanted = SpecifierSet(row["versions"], prereleases=True)
        except InvalidSpecifier:
            self.wanted = SpecifierSet(prereleases=True)
            self.why = f"{row['versions']} is not a valid PyPI version: any is accepted"
        try:
            self.is_here = not row["marker"] or Marker(row["marker"]).evaluate()
        except InvalidMarker:
            self.is_here, self.why = True, f"not read: {row['marker']}"
        self.given = str(self.wanted)
        self.is_near = False

    def requirement(self) -> str:
        """Return what pip is given."""
        if self.url:
            return f"{self.name}{self.extras} @ {self.url}"
        return f"{self.name}{self.extras}{self.given}"


def resolve(rows: list[dict[str, Any]], options: list[str], sources: list[str]) -> dict[str, Any]:
    """Ask pip for all that the image lacks, in the same versions or the nearest."""
    here = _installed() | {"python": platform.python_version()}
    lines = [_Line(row) for row in rows]
    wanted = [one for one in lines if one.is_here and (one.name not in here or one.extras)]
    for one in wanted:
        # Its version is the image's, whatever was asked for.
        one.given = "" if one.name in here else one.given
    built = [f"--no-binary={name}" for name in sources]
    options = ["--only-binary=:all:", *built, *options]
    with tempfile.TemporaryDirectory() as folder:
        items = _nearly(wanted, here, options, Path(folder)) if wanted else []
    got = here | {canonicalize_name(item["name"]): item["version"] for item in items}
    return {"rows": [_outcome(one, here, got) for one in lines], "items": items}


def _outcome(one: _Line, here: dict[str, str], got: dict[str, str]) -> dict[str, Any]:
    version = got.get(one.name, "") if one.is_here else ""
    try:
        fits = one.wanted.contains(version) if version else False
    except InvalidVersion:
        fits = False
    return {
        "in_image": one.name in here,
        "is_here": one.is_here,
        "version": version,
        "fits": fits,
        "why": one.why,
    }


def _nearly(
    wanted: list[_Line], here: dict[str, str], options: list[str], folder: Path
) -> list[dict[str, Any]]:
    held, report = folder / "constraints.txt", folder / "report.json"
    held.write_text("".join(f"{name}=={version}\n" for name, version in _installed().items()))

    def tried(lines: list[_Line]) -> list[dict[str, Any]]:
        asked = [one.requirement() for one in lines]
        if not asked:
            return []
        _pip(f"--report={report}", f"--constraint={held}", *options, *asked)
        return [_item(entry) for entry in json.loads(report.read_text())["install"]]

    refused = [one.requirement() for one in wanted]
    try:
        return tried(wanted)
    except BakeError as error:
        if not _is_of_versions(error):
            raise
        last = error
    lines = _there_is(wanted, here, options)
    # The nearest versions may conflict: first free those, then all but direct addresses.
    for loosen in (lambda _: False, lambda one: one.is_near, lambda one: not one.url):
        for one in filter(loosen, lines):
            one.given = ""
        asked = [one.requirement() for one in lines]
        if asked == refused:
            continue
        try:
            return tried(lines)
        except BakeError as error:
            last, refused = error, asked
            if not _is_of_versions(error):
                break
    raise last


def _there_is(wanted: list[_Line], here: dict[str, str], options: list[str]) -> list[_Line]:
    """Return the lines whose package has a version; take the nearest where none fits."""
    asked = [one for one in wanted if not one.url and one.name not in here]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        every = list(pool.map(lambda one: _versions(one.name, options), asked))
    missing = set()
    for one, there in zip(asked, every, strict=True):
        if not there:
            python = ".".join(platform.python_version_tuple()[:2])
            one.why = f"no index has a wheel of it for Python {python}"
            missing.add(id(one))
        elif not any(map(one.wanted.contains, there)):
            one.is_near, one.given = True, f"=={nearest(one.wanted, there)}"
    return [one for one in wanted if id(one) not in missing]


def _item(entry: dict[str, Any]) -> dict[str, Any]:
    where = entry["download_info"]
    hashes = where.get("archive_info", {}).get("hashes", {})
    return {
        "name": canonicalize_name(entry["metadata"]["name"]),
        "version": entry["metadata"]["version"],
        "url": where["url"],
        "sha256": hashes.get("sha256", ""),
        "is_direct": entry["is_direct"],
    }


def about() -> dict[str, Any]:
    """Return the image's Python and its packages."""
    return {"python": platform.python_version(), "installed": _installed()}


def yaml(text: str) -> Any:
    """Read YAML."""
    from yaml import YAMLError, safe_load  # noqa: PLC0415

    try:
        # JSON has no dates: they become text.
        return json.loads(json.dumps(safe_load(text), default=str))
    except YAMLError as error:
        raise BakeError(f"not YAML: {' '.join(str(error).split())}", 2) from None


def main() -> None:
    """Answer the request."""
    request = json.load(sys.stdin)
    does: Any = {"about": about, "yaml": yaml, "resolve": resolve}[request.pop("do")]
    try:
        answer = {"answer": does(**request)}
    except BakeError as error:
        answer = {"error": str(error), "code": error.code}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
