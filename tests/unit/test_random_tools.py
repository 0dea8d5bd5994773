"""No word of the image's own commands ends in a traceback: they are parsed, and nothing starts."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_inputs import DOCUMENTED
from random_inputs import WORDS as ANY

sys.path.extend(
    str(Path(__file__).parents[2] / "src/interp" / name)
    for name in ("", "features/bake", "features/numba")
)

import hpcpy_bake.command
import hpcpy_info
import hpcpy_warmup
from hpcpy.launch import in_image
from hpcpy.launch.request import SETTINGS
from workloads.on_dask.service import DaskCluster
from workloads.on_ranks import command as on_ranks
from workloads.on_spark.service import SparkCluster
from workloads.preflight import __main__ as preflight_command
from workloads.preflight import program
from workloads.traced import __main__ as traced_command

WORDS = ANY.filter(lambda word: "\0" not in word)
Main = Callable[[list[str]], Any]


def parsed_by_info(words: list[str]) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hpcpy_info", *words])
        return hpcpy_info._options()


COMMANDS: dict[str, tuple[Main, tuple[str, ...]]] = {
    "hpcpy batch": (
        lambda words: in_image.main(["batch", *words]),
        tuple(f"{name}=" for name in SETTINGS),
    ),
    "hpcpy_bake": (
        lambda words: hpcpy_bake.command._parser().parse_args(words),
        ("-r", "--requirement", "--wheelhouse", "--list", "--index-url", "--pre", "-i"),
    ),
    "hpcpy_info": (parsed_by_info, ("--check", "--json", "--version")),
    "hpcpy_warmup": (
        lambda words: hpcpy_warmup._parser().parse_args(words),
        ("--to", "--level", "--cuda", "--version"),
    ),
    "workloads.preflight": (preflight_command.main, ("--site", "--site=", "-m")),
    "workloads.traced": (traced_command.main, ("x.json", "x.html", ".json.gz", "-m")),
    "workloads.on_dask": (lambda words: on_ranks.main(words, DaskCluster()), ("-m",)),
    "workloads.on_spark": (lambda words: on_ranks.main(words, SparkCluster()), ("-m",)),
}


@pytest.fixture(scope="module", autouse=True)
def _nothing_starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        # A word may be a file's name.
        os.chdir(tmp_path_factory.mktemp("random"))
        patch.setattr("workloads.preflight.check.check", lambda *_: 0)
        patch.setattr(program, "run", lambda _: None)
        for cluster in (DaskCluster, SparkCluster):
            patch.setattr(cluster, "why_not", lambda _: "not here")
        yield
    os.chdir(before)


# Before Python 3.12 it was a traceback.
@pytest.mark.parametrize("name", ["workloads.on_dask", "workloads.on_spark"])
def test_a_script_whose_name_is_too_long_is_not_there(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert COMMANDS[name][0](["9" * 5000]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.fault(
    "an option or a variable of make has any value", "one line, a documented exit code"
)
@pytest.mark.parametrize("name", COMMANDS)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_any_words_are_parsed_or_refused(name: str, data: st.DataObject) -> None:
    main, known = COMMANDS[name]
    glued = st.builds("{}{}".format, st.sampled_from(known), WORDS)
    words = data.draw(st.lists(st.sampled_from(known) | WORDS | glued, max_size=5))
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
    # Parsed options have no code.
    assert code in {0, None, *DOCUMENTED} if isinstance(code, int | None) else code
    assert "Traceback" not in said.getvalue()
