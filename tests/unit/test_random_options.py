"""No option of ``./hpcpy`` and no variable of make ends in a traceback, whatever its value."""

import argparse
import functools
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_inputs import WORDS, ends_well

from hpcpy import commands
from hpcpy.commands import COMMANDS, parse
from hpcpy.launch.options import TABLE

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


@pytest.mark.parametrize("command", COMMANDS)
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


@pytest.mark.parametrize("target", ["launch", "run", "setup", "push", "lock", "clean"])
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
