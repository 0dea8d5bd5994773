"""A slide that compares Pythons runs those that are named."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.pi import others
from workloads.talk import pythons, registry
from workloads.talk.claims import faster
from workloads.talk.slides import Experiment, Slide, Talk


def _versions() -> Experiment:
    told = {("python-3.1", 1): 3.0, ("python", 1): 2.0}
    nowhere = {("python-3.1", 1): ("no other", "talk mine 8 --python FILE")}
    words = ("pi", "-n", "1000", "--impl", "python")
    return Experiment(words, told, elsewhere=nowhere, pythons=True)


def test_another_python_has_a_row_beside_the_talks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    talk = Talk("A talk", "nowhere", "4 cores", (Slide(8, "versions", "why", (_versions(),)),))
    monkeypatch.setattr(registry, "TALKS", {"mine": "mine"})
    monkeypatch.setattr(registry, "talk", lambda _: talk)
    made = tmp_path / "talk.json"
    words = ["talk", "mine", "8", "--python", sys.executable, "--python", sys.executable]
    assert main([*words, "--json", str(made)]) == 0
    (slide,) = json.loads(made.read_text())["slides"]
    (experiment,) = slide["experiments"]
    version = "python-{}.{}.{}".format(*sys.version_info)
    assert experiment["command"][7] == f"{version},{version}_2,python"
    assert [(row["impl"], row["here"] is None) for row in experiment["rows"]] == [
        ("python-3.1", True),
        ("python", False),
        (version, False),
        (f"{version}_2", False),
    ]


def test_the_newer_of_two_pythons_is_claimed_to_be_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    rows_ = {"python-3.1.4": "a", "python-99.0.0t": "b", "threads-99.0.0t": "b"}
    monkeypatch.setattr(others, "named", lambda _: rows_)
    (slide,) = pythons.beside([Slide(8, "x", "y", (_versions(),))], ["a", "b"])
    assert slide.experiments[0].words == (
        *("pi", "-n", "1000", "--impl", "python-3.1.4,python-99.0.0t,python"),
        *("--python", "a", "--python", "b"),
    )
    # The talk's own row is that of its version.
    assert slide.claims == (
        faster(("python-3.1", 1), ("python", 1)),
        faster(("python", 1), ("python-99.0.0t", 1)),
    )
