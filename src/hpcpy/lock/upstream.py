"""Which versions of a source its places offer.

What kind of place it is shows in its address: a file of a package index, a tag of
a forge, a file in Debian's pool, or one below a folder that lists versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, urlsplit

from hpcpy.fetch.download import LastingError, PassingError
from hpcpy.lock.ask import Questions
from hpcpy.lock.index import File, by_version
from hpcpy.pins.model import APT_MIRROR

# The folders are the file's hash, which an index cuts into three.
_OF_INDEX = re.compile(r".*/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/([^/]+)")
_OF_FORGE = re.compile(r"(https?://.+?)(?:/-)?/archive/(?:refs/tags/)?(.*\{version\}.*)\.tar\.gz")
_OF_POOL = re.compile(rf"({APT_MIRROR}[^/]+)/pool/[^/]+/[^/]+/([^/]+)/.*")
# What was there at a time does not change.
_OF_SNAPSHOT = re.compile(r".*/\d{8}T\d{6}Z/.*")
_MARK = "{version}"


class Upstream:
    """The versions that the places of a source offer.

    Parameters
    ----------
    questions
        How to ask.
    indexed
        Gives a package's files in the index.
    best
        Takes one wheel of a version's.
    pool
        Gives the versions that Debian has of a source package, each with its path.
    """

    def __init__(
        self,
        questions: Questions,
        indexed: Callable[[str], list[File]],
        best: Callable[[list[File]], File | None],
        pool: Callable[[str], dict[str, str]],
    ) -> None:
        self._questions = questions
        self._indexed = indexed
        self._best = best
        self._pool = pool

    def offers(self, patterns: Sequence[str]) -> dict[str, str]:
        """Return the versions of a source, each with the file to take.

        Parameters
        ----------
        patterns
            Its places' addresses with ``{version}`` where the version stands.

        Raises
        ------
        LastingError
            When none of its places can be asked.
        """
        found: dict[str, str] = {}
        reasons = []
        for pattern in patterns:
            try:
                its = self._at(pattern)
            except (PassingError, LastingError) as error:
                reasons.append(f"{urlsplit(pattern).netloc or APT_MIRROR} {error}")
            else:
                found = its | found
        if len(reasons) == len(patterns):
            raise LastingError("; ".join(reasons))
        return found

    def _at(self, pattern: str) -> dict[str, str]:
        if project := indexed_as(pattern):
            return self._of_index(pattern, project)
        if _OF_SNAPSHOT.fullmatch(pattern):
            raise LastingError("a snapshot has nothing newer")
        if match := _OF_FORGE.fullmatch(pattern):
            page = self._questions.page(f"{match[1]}/info/refs?service=git-upload-pack")
            return _matching(re.findall(r"refs/tags/([^\s^\x00]+)", page), match[2], pattern)
        if match := _OF_POOL.fullmatch(pattern):
            files = self._pool(match[2])
            return {version: f"{match[1]}/{quote(path)}" for version, path in files.items()}
        return self._of_folder(pattern)

    def _of_index(self, pattern: str, project: str) -> dict[str, str]:
        def of_this_kind(files: list[File]) -> File | None:
            if pattern.endswith(".whl"):
                return self._best(files)
            suffix = pattern.rpartition(_MARK)[2]
            return next((one for one in files if one.name.endswith(suffix)), None)

        chosen = by_version(self._indexed(project), of_this_kind)
        return {version: file.url if file else "" for version, file in chosen.items()}

    def _of_folder(self, pattern: str) -> dict[str, str]:
        folder, _, rest = pattern.partition(_MARK)
        if not rest:
            raise LastingError("its address has no version")
        folder, _, before = folder.rpartition("/")
        links = re.findall(r'href="([^"?#]+)"', self._questions.page(f"{folder}/"))
        names = [link.rstrip("/").rpartition("/")[2] for link in links]
        found = _matching(names, f"{before}{_MARK}{rest.partition('/')[0]}", pattern)
        if not found:
            raise LastingError(f"{folder}/ lists no versions")
        return found


def indexed_as(pattern: str) -> str:
    """Return the index's package that a file's address belongs to; empty for others."""
    match = _OF_INDEX.fullmatch(pattern)
    return match[1].partition(f"-{_MARK}")[0] if match else ""


def _matching(names: list[str], wanted: str, pattern: str) -> dict[str, str]:
    before, _, after = wanted.partition(_MARK)
    named = re.compile(rf"{re.escape(before)}([\w.]+){re.escape(after)}")
    versions = [match[1] for name in names if (match := named.fullmatch(name))]
    return {version: pattern.replace(_MARK, version) for version in versions}
