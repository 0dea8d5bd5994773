"""A slide's rows are found by what was asked for, and say whether its lesson holds."""

from __future__ import annotations

import os
from typing import Any

import pytest

from workloads.bench.result import Result
from workloads.errors import WorkerError
from workloads.talk import registry, rows
from workloads.talk.claims import (
    Claim,
    TooMany,
    about,
    alike,
    faster,
    judged,
)
from workloads.talk.rows import Outcome, Row
from workloads.talk.slides import Experiment, scaled, times

A, B = ("a", 1), ("b", 1)


def _result(impl: str, *samples: float, **others: Any) -> dict[str, Any]:
    made = {"work": 10, "total": 10, "verdict": "right", "workers": 1, **others}
    return vars(Result(impl, "problem", list(samples), **made))


def _outcome(title: str = "", **seconds: float | tuple[float, ...]) -> Outcome:
    """Return an outcome of rows with one worker each, with the seconds of one or more samples."""
    found = []
    for impl, each in seconds.items():
        samples = each if isinstance(each, tuple) else (each,)
        found.append(_result(impl, *samples, workers=1))
    experiment = Experiment(("pi", "--impl", "all"), times(dict.fromkeys(seconds)), title=title)
    return Outcome(experiment, rows.of(experiment, found))


def test_the_whole_answer_is_held_against_a_stored_hash() -> None:
    experiment = registry.slide("nih", 11).experiments[0]
    right = [_result(name, 1.0, answer=experiment.sha256) for name in ("mpi-block", "mpi-cyclic")]
    assert {row.verdict for row in rows.of(experiment, right)} == {
        "matches the stored sha256 of all of it"
    }
    with pytest.raises(WorkerError, match="mpi-cyclic: WRONG: sha256 bad, not 9c7dbadf"):
        rows.of(experiment, [right[0], {**right[1], "answer": "bad"}])


@pytest.mark.parametrize(
    ("claim", "a", "b", "verdict"),
    [
        (faster(A, B), 2.0, 1.0, "holds"),
        (faster(A, B), 1.0, 2.0, "does not hold"),
        (faster(A, B), (1.9, 2.0, 2.1), (1.0, 1.1, 1.2), "holds"),
        (alike(A, B), 1.0, 1.5, "does not hold"),
        (TooMany([A, B]), 2.0, 1.0, "does not hold"),
    ],
)
def test_a_claim_is_judged_by_its_rows(claim: Claim, a: Any, b: Any, verdict: str) -> None:
    (found,) = claim.judge([_outcome(a=a, b=b)])
    assert found.verdict == verdict


def test_each_experiment_with_both_rows_is_judged_and_else_all_together() -> None:
    two, one = (2.0, 2.0), (1.0, 1.0)
    both = [_outcome("one", a=two, b=one), _outcome("two", a=one, b=two)]
    assert [each.verdict for each in judged([faster(A, B)], both)] == ["holds", "does not hold"]
    assert faster(A, B).judge(both)[0].measured.startswith("one: b is 2 times")
    meant = [each.verdict for each in about(A, B, 1, "two").judge(both)]
    assert meant == ["holds"]
    apart = [_outcome("one", a=two), _outcome("two", b=one)]
    assert [each.verdict for each in judged([faster(A, B)], apart)] == ["holds"]


def test_one_sample_makes_no_lesson_certain() -> None:
    (found,) = judged([faster(A, B)], [_outcome(a=2.0, b=1.0)])
    assert found.line == (
        "is not certain here: b is 2 times as fast as a; the lesson asks for more than 1; "
        "one sample shows no spread"
    )
    (absent,) = judged([faster(A, ("c", 1))], [_outcome(a=2.0, b=1.0)])
    assert absent.verdict == "was not measured"


def test_a_load_above_the_free_cores_makes_no_lesson_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    # One worker needs a core; three others may have the rest.
    slide = [faster(A, B)], [_outcome(a=(2.0, 2.0), b=(1.0, 1.0))]
    assert [each.verdict for each in judged(*slide, 3)] == ["holds"]
    (found,) = judged(*slide, 25)
    assert found.verdict == "is not certain"
    assert found.measured.endswith("other processes computed before it, 25 on 4 cores")


def test_a_gain_beyond_the_cores_is_not_certain() -> None:
    words = ("write", "--impl", "queue", "--scale", "1,16")
    experiment = Experiment(words, scaled("queue", {1: None, 16: None}))
    one = _result("queue", 11.2, 11.2, cores=1)
    many = _result("queue", 1.0, 1.0, workers=16, cores=2)
    claim = faster(("queue", 1), ("queue", 16), 9)
    (found,) = judged([claim], [Outcome(experiment, rows.of(experiment, [one, many]))])
    assert found.verdict == "is not certain"
    assert found.measured.endswith("queue with 16 workers gained more than cores can give")
    many["cores"] = 16
    (found,) = judged([claim], [Outcome(experiment, rows.of(experiment, [one, many]))])
    assert found.verdict == "holds"


def _as_told(experiment: Experiment) -> Outcome:
    """Return an outcome in which the talk's own figures were measured here."""
    found = []
    for key, seconds in experiment.told.items():
        times_ = experiment.times.get(key)
        each = seconds or (1 / times_ if times_ else None)
        found.append(Row(*key, seconds, here=each, least=each, most=each))
    return Outcome(experiment, found)


@pytest.mark.parametrize("name", registry.TALKS)
def test_every_slide_claims_what_its_own_figures_show(name: str) -> None:
    for slide in registry.talk(name).slides:
        assert slide.claims
        for finding in judged(slide.claims, [_as_told(each) for each in slide.experiments]):
            assert finding.verdict in ("holds", "was not measured"), (slide.number, finding)
