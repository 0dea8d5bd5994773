"""The packages' own tests in hpcpy and with wheels: `make test-upstream`.

A test that passes with wheels must not fail in hpcpy; ``expected.toml`` explains other failures.
"""

import datetime
import json
from collections import Counter
from collections.abc import Iterator

import prepared
import pytest
from run_suite import run
from suite import EXPLANATIONS, SUITES

from in_image import built
from upstream_results import FAILED, PASSED, SKIPPED, Outcome


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.heavy if suite.heavy else ())
        for name, suite in SUITES.items()
    ],
)
def test_suite(name: str) -> None:
    ran = {}
    problems = []
    for image in SUITES[name].images:
        outcomes, broken = run(SUITES[name], image, built(image))
        kept = prepared.FOLDER / f"{name}.{image}.json"
        kept.write_text(json.dumps(outcomes, indent=0, sort_keys=True) + "\n")
        if broken:
            problems.append(f"the run in {image} is not complete: {broken}")
        problems += unexplained(name, image, outcomes)
        ran[image] = outcomes
    lost: list[str] = []
    if "wheels" in ran:
        lost, gone = lost_and_gone(ran["hpcpy"], ran["wheels"])
        problems += [f"passes with wheels and fails in hpcpy: {test}" for test in lost]
        for test in gone:
            print(f"passes with wheels, skipped or not found in hpcpy: {test}")
    # What docs/results/upstream-tests.json has of it.
    record: dict[str, object] = {image: counts(outcomes) for image, outcomes in ran.items()}
    if "wheels" in ran:
        record["lost"] = len(lost)
    print(f'"{name}": {json.dumps(record)}')
    assert not problems, "\n".join(problems)


def unexplained(name: str, image: str, outcomes: dict[str, Outcome]) -> Iterator[str]:
    """Print how many failures each cause explains, and yield a line for each other failure."""
    causes: Counter[str] = Counter()
    for test, outcome in outcomes.items():
        if outcome.status != FAILED:
            continue
        found = (one.cause for one in EXPLANATIONS if one.covers(name, image, test, outcome))
        if cause := next(found, ""):
            causes[cause] += 1
        else:
            yield f"fails in {image}, unexplained: {test}"
    for cause, number in causes.most_common():
        print(f"\n{number} fail in {image}: {cause}", end="")


def lost_and_gone(
    here: dict[str, Outcome], there: dict[str, Outcome]
) -> tuple[list[str], list[str]]:
    """Return the tests that pass there and fail here, and those that do neither here."""
    passed = [test for test, outcome in there.items() if outcome.status == PASSED]
    status = {test: here[test].status if test in here else "" for test in passed}
    lost = [test for test in passed if status[test] == FAILED]
    return lost, [test for test in passed if status[test] in (SKIPPED, "")]


def counts(outcomes: dict[str, Outcome]) -> dict[str, object]:
    """Return the day, and how many tests passed, failed and were skipped."""
    found = Counter(outcome.status for outcome in outcomes.values())
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"date": day, **{status: found[status] for status in (PASSED, FAILED, SKIPPED)}}
