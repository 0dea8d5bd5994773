"""No option of the workloads ends in a traceback, whatever its value."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_inputs import DOCUMENTED
from random_inputs import WORDS as ANY

from workloads.__main__ import main
from workloads.registry import TOOLS, WORKLOADS

# No word of a command line can have a zero byte.
WORDS = ANY.filter(lambda word: "\0" not in word)
# They stand behind all other words, and are refused only if those are not: nothing is started.
NOTHING = {
    **dict.fromkeys(WORKLOADS, ("--impl", "nosuch")),
    **dict.fromkeys(TOOLS, ("--nosuch",)),
}


@functools.cache
def options_of(name: str) -> list[str]:
    with contextlib.redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit):
        main([name, "--help"])
    return sorted({*re.findall(r"(?<!\S)--?[a-z][a-z-]*", shown.getvalue())} - {"--help", "-h"})


@pytest.fixture(scope="module", autouse=True)
def _empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # A word may be a file's name.
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("random"))
    yield
    os.chdir(before)


@pytest.mark.parametrize("name", NOTHING)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_any_options_are_understood_or_refused(name: str, data: st.DataObject) -> None:
    known = st.sampled_from(options_of(name))
    glued = st.builds("{}={}".format, known, WORDS)
    one = st.tuples(known, WORDS) | st.tuples(glued)
    words = itertools.chain.from_iterable(data.draw(st.lists(one, max_size=4)))
    with contextlib.redirect_stderr(io.StringIO()) as shown, contextlib.redirect_stdout(None):
        try:
            code = main([name, *words, *NOTHING[name]])
        except SystemExit as end:
            # Of --list and --version.
            code = int(end.code or 0)
    if code:
        assert code in DOCUMENTED
        assert shown.getvalue().startswith(f"workloads: {name}: ")
        assert shown.getvalue().count("\n") == 1
