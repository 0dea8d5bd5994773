"""A slide's rows are found by what was asked for, and say whether its lesson holds."""

from __future__ import annotations

from typing import Any

import pytest

from workloads.errors import WorkerError
from workloads.harness.result import Result
from workloads.talk import registry, rows
from workloads.talk.claims import (
    Claim,
    Finding,
    Noted,
    TooMany,
    Trend,
    about,
    alike,
    faster,
    judged,
    no_faster,
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


def test_a_row_is_found_by_what_was_asked_and_not_by_who_came() -> None:
    # On two cores BLAS makes two of four threads.
    slide = registry.slide("nersc", 19)
    results = [_result(f"omp-{n}", 0.1 * n, workers=min(n, 2)) for n in (1, 2, 4)]
    results.insert(0, _result("omp-unset", 0.3, workers=2))
    found = rows.of(slide.experiments[0], results)
    four = [row for row in found if row.impl == "omp-4"]
    assert [(row.workers, row.told, row.here, row.at_work) for row in four] == [(4, 0.117, 0.4, 2)]
    assert [row.impl for row in found].count("omp-2") == 1
    assert (found[-1].impl, found[-1].workers) == ("omp-unset", 2)
    eight = next(row for row in found if row.impl == "omp-8")
    assert eight.reason == "rows go up to twice the cores of the machine"
    assert eight.elsewhere == "python -m workloads linalg --task threads --impl all"


def test_rows_of_a_scale_are_those_of_its_numbers() -> None:
    experiment = Experiment(("pi", "--impl", "mpi", "--scale", "4,1"), scaled("mpi", {1: 3, 4: 1}))
    results = [_result("mpi", 2.0, workers=1), _result("mpi", 1.5, workers=3)]
    found = rows.of(experiment, results)
    assert [(row.workers, row.told, row.here) for row in found] == [(1, 3, 2.0), (4, 1, 1.5)]


def test_a_version_of_python_is_the_talks_and_a_second_one_is_its_own() -> None:
    experiment = registry.slide("nersc", 8).experiments[0]
    names = ("python-3.10.4", "python-3.10.13", "python", "python-3.1.2")
    found = rows.of(experiment, [_result(name, 1.0) for name in names])
    assert [(row.impl, row.told) for row in found] == [
        ("python-3.10", 3.17),
        ("python", 2.21),
        ("python-3.10.13", None),
        ("python-3.1.2", None),
    ]


def test_what_a_gpu_would_run_says_why_not_and_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workloads.harness.cuda.Path.glob", lambda *_: iter(()))
    monkeypatch.setattr("workloads.harness.cuda.Path.exists", lambda _: False)
    experiment = registry.slide("nersc", 25).experiments[0]
    cupy = rows.of(experiment, [_result("numpy", 0.2)])[1]
    assert cupy.reason == "no CUDA device: run with --nv on a GPU node"
    assert cupy.elsewhere == "python -m workloads linalg --task dot --impl cupy"


def test_samples_of_a_part_stand_for_all_of_it() -> None:
    experiment = Experiment(("pi", "--impl", "a"), times({"a": None}))
    (row,) = rows.of(experiment, [_result("a", 3.0, 1.0, 2.0, work=1, complete=False)])
    assert (row.least, row.here, row.most) == (10.0, 20.0, 30.0)
    assert row.samples == (3.0, 1.0, 2.0)
    assert row.sampled


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
        (faster(A, B, 3), 2.0, 1.0, "does not hold"),
        # The samples overlap.
        (faster(A, B), (0.9, 2.0, 2.1), (1.0, 1.1, 1.2), "is not certain"),
        (faster(A, B), (1.9, 2.0, 2.1), (1.0, 1.1, 1.2), "holds"),
        (no_faster(A, B), 1.0, 1.3, "holds"),
        (no_faster(A, B), 1.3, 1.0, "does not hold"),
        (alike(A, B), 1.2, 1.0, "holds"),
        (alike(A, B), 1.0, 1.5, "does not hold"),
        (about(A, B, 10), 7.0, 1.0, "holds"),
        (about(A, B, 10), 21.0, 1.0, "does not hold"),
        (faster(A, ("c", 1)), 1.0, 1.0, "was not measured"),
        (TooMany([A, B]), 2.0, 1.0, "does not hold"),
    ],
)
def test_a_claim_is_judged_by_its_rows(claim: Claim, a: Any, b: Any, verdict: str) -> None:
    (found,) = claim.judge([_outcome(a=a, b=b)])
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("at_work", "verdict"),
    [
        ((1, 2, 4), "holds"),
        # On two cores the third is the second again.
        ((1, 2, 2), "does not hold"),
        ((1, 1, 1), "was not measured"),
        # As stored before it was counted.
        ((0, 0, 0), "holds"),
    ],
)
def test_more_threads_than_are_at_work_are_no_row_of_their_own(
    at_work: tuple[int, ...], verdict: str
) -> None:
    each = zip((1, 2, 4), at_work, (0.3, 0.1, 0.2), strict=True)
    found = [
        Row("a", many, None, here=s, least=s, most=s, at_work=there) for many, there, s in each
    ]
    outcome = Outcome(Experiment(("pi",), {}), found)
    (finding,) = TooMany([("a", many) for many in (1, 2, 4)]).judge([outcome])
    assert finding.verdict == verdict


def test_a_finding_says_what_was_measured() -> None:
    (found,) = faster(A, B, 2).judge([_outcome(a=(3.0, 3.3, 3.6), b=1.0)])
    assert found.line == (
        "holds here: b is 3.3 (3 … 3.6) times as fast as a; the lesson asks for at least 2"
    )
    (found,) = faster(A, ("c", 3)).judge([_outcome(a=1.0)])
    assert found.line == "was not measured here: without c with 3 workers"


def test_one_worker_is_named_beside_more_of_the_same() -> None:
    one, two = (Row("a", many, None, here=1.0, least=1.0, most=1.0) for many in (1, 2))
    outcome = Outcome(Experiment(("pi",), {}), [one, two])
    (found,) = no_faster(("a", 1), ("a", 2)).judge([outcome])
    assert found.measured.startswith("a with 2 workers is 1 times as fast as a with 1 worker")


def test_each_experiment_with_both_rows_is_judged_and_else_all_together() -> None:
    both = [_outcome("one", a=2.0, b=1.0), _outcome("two", a=1.0, b=2.0)]
    assert [each.verdict for each in judged([faster(A, B)], both)] == ["holds", "does not hold"]
    assert faster(A, B).judge(both)[0].measured.startswith("one: b is 2 times")
    meant = [each.verdict for each in about(A, B, 1, "two").judge(both)]
    assert meant == ["holds"]
    apart = [_outcome("one", a=2.0), _outcome("two", b=1.0)]
    assert [each.verdict for each in judged([faster(A, B)], apart)] == ["holds"]


@pytest.mark.parametrize(("falls", "verdict"), [(True, "holds"), (False, "does not hold")])
def test_a_gain_falls_from_the_first_experiment_to_the_last(falls: bool, verdict: str) -> None:
    sizes = [_outcome("small", a=4.0, b=1.0), _outcome("large", a=40.0, b=20.0)]
    (found,) = Trend(A, B, falls=falls).judge(sizes)
    assert found.verdict == verdict
    assert found.measured == ("small: b is 4 times as fast as a; large: b is 2 times as fast as a")


def test_a_share_in_a_note_is_read() -> None:
    experiment = Experiment(("write", "--impl", "npy"), times({"npy": None}))
    (row,) = rows.of(experiment, [_result("npy", 1.0, note="12% of it opens files")])
    claim = Noted(("npy", 1), "of it opens files", 40)
    assert claim.judge([Outcome(experiment, [row])]) == [
        Finding("does not hold", "npy: 12% of it opens files; the lesson asks for at least 40%")
    ]
    assert claim.judge([Outcome(experiment, [])])[0].verdict == "was not measured"


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


@pytest.mark.parametrize("name", registry.TALKS)
def test_every_claim_is_of_rows_that_its_slide_has(name: str) -> None:
    for slide in registry.talk(name).slides:
        outcomes = []
        for experiment in slide.experiments:
            found = [
                Row(*key, None, here=1.0, least=1.0, most=1.0, note="50% of it opens files")
                for key in experiment.told
            ]
            outcomes.append(Outcome(experiment, found))
        for finding in judged(slide.claims, outcomes):
            assert finding.verdict != "was not measured", (slide.number, finding)
