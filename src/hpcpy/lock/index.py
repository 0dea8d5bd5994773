"""The index of Python packages that pip is configured for: which files of a package it has."""

from __future__ import annotations

import html.parser
import json
import re
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from hpcpy.fetch.download import LastingError
from hpcpy.lock.ask import Questions

# JSON where the index has it, and the page that every index has.
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_SUFFIX = re.compile(r"\.(tar\.(gz|bz2|xz)|zip)")


@dataclass(frozen=True)
class File:
    """One file of a package."""

    name: str
    url: str
    # The oldest Python that takes it.
    python: tuple[int, int]

    @property
    def version(self) -> str:
        """The version in its name; empty where the name has none."""
        if self.name.endswith(".whl"):
            return self.name.split("-")[1]
        stem, *rest = _SUFFIX.split(self.name)
        return stem.rpartition("-")[2] if rest else ""


def address(pythons: Iterable[str | Path]) -> str:
    """Return the index that pip asks, without a final slash.

    Parameters
    ----------
    pythons
        The first of these that has pip is asked.

    Raises
    ------
    LastingError
        When none has, or pip does not tell.
    """
    for python in pythons:
        settings = _pip(python, "config", "list")
        if settings is None:
            continue
        given: dict[str, str] = dict(re.findall(r"(?m)^([\w:]+)\.index-url='(.*)'$", settings))
        for where in (":env:", "install", "global"):
            if where in given:
                return given[where].rstrip("/")
        text = _pip(python, "install", "--help") or ""
        shown = re.search(r"--index-url.*?\(default\s+(https?://[^\s)]+)\)", text, re.DOTALL)
        if shown:
            return shown[1].rstrip("/")
    raise LastingError("no pip here can print its index: apt install python3-pip")


def _pip(python: str | Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [python, "-m", "pip", *words], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout


class Index:
    """The files of packages, each package asked for once.

    Parameters
    ----------
    questions
        How to ask.
    pythons
        As for `address`.
    """

    def __init__(self, questions: Questions, pythons: Sequence[str | Path]) -> None:
        self._questions = questions
        self._pythons = pythons
        self._lock = threading.Lock()
        self._address = ""
        self._answers: dict[str, Future[list[File]]] = {}

    def __call__(self, name: str) -> list[File]:
        """Return a package's files, less those that were withdrawn.

        Raises
        ------
        PassingError, LastingError
            When the index does not have it or cannot be asked.
        """
        with self._lock:
            self._address = self._address or address(self._pythons)
            is_first = name not in self._answers
            answer = self._answers.setdefault(name, Future())
        if is_first:
            try:
                answer.set_result(self._files(name))
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()

    def _files(self, name: str) -> list[File]:
        page = f"{self._address}/{re.sub(r'[-_.]+', '-', name).lower()}/"
        return parse(self._questions.page(page, _ACCEPT), page)


def parse(text: str, page: str) -> list[File]:
    """Read an answer of an index, JSON or HTML.

    Parameters
    ----------
    text
        The answer.
    page
        Its address, to which links in it may be relative.
    """
    if text.lstrip()[:1] == "{":
        entries = [
            (one["url"], one["filename"], one.get("requires-python"), one.get("yanked"))
            for one in json.loads(text)["files"]
        ]
    else:
        parser = _Links()
        parser.feed(text)
        entries = parser.entries
    return [
        File(name, urllib.parse.urljoin(page, url).partition("#")[0], _oldest(python))
        for url, name, python, withdrawn in entries
        if not withdrawn
    ]


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[str, str, str | None, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag == "a" and (url := of.get("href")):
            name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
            self.entries.append((url, name, of.get("data-requires-python"), "data-yanked" in of))


def _oldest(requirement: str | None) -> tuple[int, int]:
    stated = re.search(r">=?\s*(\d+)\.(\d+)", requirement or "")
    return (int(stated[1]), int(stated[2])) if stated else (0, 0)


def by_version(
    found: Iterable[File], choose: Callable[[list[File]], File | None]
) -> dict[str, File | None]:
    """Return the file to take of each version; None where none of it can be taken.

    Parameters
    ----------
    found
        Files of one package.
    choose
        Takes one of a version's files.
    """
    versions: dict[str, list[File]] = {}
    for file in found:
        if file.version:
            versions.setdefault(file.version, []).append(file)
    return {version: choose(its) for version, its in versions.items()}
