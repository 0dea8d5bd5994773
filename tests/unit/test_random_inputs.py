"""No option, no variable of make and no TOML file ends in a traceback, whatever is in it."""

import argparse
import functools
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcpy import commands
from hpcpy.commands import COMMANDS, parse, run
from hpcpy.core import paths
from hpcpy.images import graph
from hpcpy.launch.layers import read_site
from hpcpy.launch.options import TABLE
from hpcpy.pins.debian import debian_request, debs, snapshot_epoch
from hpcpy.pins.model import sources
from hpcpy_common.errors import HpcpyError

DOCUMENTED = {1, 2, 65, 69, 73}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Any text, and words that programs give a meaning to.
_MEANT = "- -- -1 0 1e9 nan inf / /dev/null ~ $HOME * `id` $(id) ' = NAME= A=B=C [ {} %s {0} --help"
WORDS = TEXTS | st.sampled_from(
    [
        *_MEANT.split(),
        *("", "a b", '"', "\n", "\0", "\x1b[2J", "../" * 40, "x" * 5000, "9" * 5000, "é"),
        *("hpcpy", "plain", "mandel", "here"),
    ]
)
# What stands in a value's place.
VALUES = st.sampled_from(
    [
        *("", "x", "0", "-1", "1.5", "inf", "nan", "9" * 30, "true", "2020-01-01", "[]", "{}"),
        *("[[1]]", "{a = 1}", "{a = []}", "[0, 'x']", "['a', 1.5]", "12:00:00", "'' #", "[", "0x"),
    ]
) | TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f"))


@st.composite
def changed(draw: st.DrawFn, original: str) -> str:
    """Return a TOML file after a line was removed or repeated, or a key or a value replaced."""
    lines = original.splitlines()
    at = draw(st.integers(0, len(lines) - 1))
    key, _, _ = lines[at].partition("=")
    name = st.sampled_from(re.findall(r"\w+", original)) | TEXTS.map(json.dumps)
    lines[at : at + 1] = draw(
        st.just([])
        | st.just([lines[at]] * 2)
        | VALUES.map(lambda value: [f"{key}= {value}"])
        | st.tuples(name, VALUES).map(lambda pair: [lines[at], f"{pair[0]} = {pair[1]}"])
        | name.map(lambda one: [f"[{one}]"])
    )
    return "\n".join([*lines, ""])


def ends_well(act: Callable[[], object]) -> None:
    """Call a function, which may fail only with a one-line error and a documented exit code."""
    try:
        act()
    except HpcpyError as error:
        if error.exit_code not in DOCUMENTED or "\n" in str(error):
            pytest.fail(f"{error.exit_code}: {error}")
    except SystemExit as end:  # --help and --version
        if end.code not in (0, None):
            pytest.fail(f"{end.code}")


# Commands that run to their end here: with DRY=1 they write nothing and start nothing.
TO_THE_END = ("launch", "batch")


@functools.cache
def options_of(command: str) -> list[str]:
    """Return the options of a command and of its subcommands, and the subcommands' names."""
    found: set[str] = set()
    parsers: list[argparse.ArgumentParser] = [commands.top_parser(command)]
    while parsers:
        for action in parsers.pop()._actions:
            found.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
                found.update({*action.choices} - {*COMMANDS})
    return sorted(found)


def words_of(command: str, data: st.DataObject) -> list[str]:
    known = st.sampled_from(options_of(command))
    glued = st.builds("{}={}".format, known, WORDS)
    return [command, *data.draw(st.lists(known | WORDS | glued, max_size=6))]


# The others are hpcpy_job's, which reads their words itself.
@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"doctor", "forecast"}))
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_any_words_are_understood_or_refused(command: str, data: st.DataObject) -> None:
    ends_well(partial(parse, words_of(command, data)))


@pytest.mark.parametrize("command", TO_THE_END)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_launch_is_planned_or_refused(command: str, data: st.DataObject) -> None:
    given_ = data.draw(st.dictionaries(st.sampled_from(tuple(TABLE)), WORDS, max_size=4))
    words = [f"--{name}={value}" for name, value in given_.items() if TABLE[name]["check"]]
    program = data.draw(st.lists(WORDS | st.sampled_from(("-m", "workloads", "pi")), max_size=4))
    ends_well(partial(commands.run, [command, "--dry", *words, "--", *program]))


@pytest.mark.parametrize("target", ["launch", "run", "setup", "relink", "lock", "clean"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_variable_of_make_is_taken_or_refused(target: str, data: st.DataObject) -> None:
    names = st.sampled_from([*commands.variables_of(target), "HPCPY_CACHE"]) | WORDS
    values = data.draw(st.dictionaries(names, WORDS, max_size=3))
    # As the Makefile writes them.
    lines = [f"{name}={_escaped(value)}" for name, value in values.items()]
    environment = {"HPCPY_SETTINGS": "\n ".join(lines) + "\n"}
    ends_well(lambda: parse(commands.with_settings([target], environment)))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def of_env(*readers: Callable[[Path], object]) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        for reader in readers:
            ends_well(partial(reader, path.parent))

    return read


def as_script(path: Path) -> None:
    """Write a job script with the site's file, and start nothing."""
    words = ["--dry", f"--site={path}", "--nodes=2", "--account=a"]
    run(["batch", *words, "--", "-m", "workloads", "pi"])


READERS: dict[str, tuple[Path, Callable[[Path], object]]] = {
    "site.toml": (paths.ENV / "sites/perlmutter-gpu.toml", read_site),
    "script.toml": (paths.ENV / "sites/perlmutter-cpu.toml", as_script),
    "images.toml": (paths.CONTAINERS / "images.toml", graph.load),
    "sources.toml": (paths.ENV / "sources.toml", of_env(sources)),
    "debian.toml": (paths.ENV / "debian.toml", of_env(debian_request)),
    "debian.lock": (
        paths.ENV / "debian.lock",
        of_env(snapshot_epoch, lambda folder: debs("base", "x86_64", folder)),
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toml")


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_a_file_with_another_value_is_read_or_refused(
    name: str, data: st.DataObject, folder: Path
) -> None:
    original, read = READERS[name]
    path = folder / name
    path.write_text(data.draw(changed(original.read_text())), encoding="utf-8")
    ends_well(partial(read, path))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(content=st.binary(max_size=60) | st.text("[]{}=\"'.#\n\\aé01- ").map(str.encode))
def test_any_bytes_are_read_or_refused(name: str, content: bytes, folder: Path) -> None:
    path = folder / name
    path.write_bytes(content)
    ends_well(partial(READERS[name][1], path))
