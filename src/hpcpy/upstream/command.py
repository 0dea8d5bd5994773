"""``hpcpy test-upstream [SUITE …]``: the packages' own tests in both images."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hpcpy.build.command import have
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import ensure
from hpcpy.errors import UsageError
from hpcpy.files import whole_file
from hpcpy.upstream import report
from hpcpy.upstream.compare import Comparison, compare
from hpcpy.upstream.expected import explanations
from hpcpy.upstream.prepare import FOLDER
from hpcpy.upstream.results import read_results, write_results
from hpcpy.upstream.run import run
from hpcpy.upstream.suites import DEFAULT, IMAGES, SUITES, Suite


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"of: {', '.join(SUITES)} (default: {' '.join(DEFAULT)})"
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=help_)
    for name, image in IMAGES.items():
        parser.add_argument(
            f"--{name}", type=Path, metavar="SIF", help=f"in place of build/{image}.sif"
        )
    parser.add_argument(
        "--images", nargs="+", choices=tuple(IMAGES), default=tuple(IMAGES), help="run these alone"
    )
    parser.add_argument(
        "--report", action="store_true", help="run nothing, print the last runs' results"
    )


def main(options: argparse.Namespace) -> int:
    """Run suites, compare the images and print a table.

    Returns
    -------
    int
        1 when a test passes with wheels and fails in the static image, when
        a failure has no explanation, or when a run did not end.
    """
    chosen = _chosen(options.suites)
    # A mistake in the explanations shows before hours of tests.
    expected = explanations()
    if not options.report:
        sifs = {name: getattr(options, name) for name in options.images}
        for suite in chosen:
            _run(suite, sifs)
    found = []
    for suite in chosen:
        images = {image: FOLDER / f"{suite.name}.{image}.json" for image in suite.images}
        kept = {image: read_results(path) for image, path in images.items() if path.exists()}
        if kept:
            broken = {image: str(facts["broken"]) for image, (facts, _) in kept.items()}
            outcomes = {image: tests for image, (_, tests) in kept.items()}
            found.append(compare(suite.name, outcomes, expected, broken))
    return _tell(found)


def _chosen(names: Sequence[str]) -> list[Suite]:
    for name in names:
        if name not in SUITES:
            raise UsageError(f"no suite {name!r}; there are {', '.join(SUITES)}")
    return [SUITES[name] for name in names or DEFAULT]


def _run(suite: Suite, sifs: dict[str, Path | None]) -> None:
    for image, given in sifs.items():
        if image not in suite.images:
            continue
        sif = given or have("sif", IMAGES[image])[0]
        result = run(suite, image, sif, ensure("apptainer").apptainer)
        facts: dict[str, str | float] = {
            "suite": suite.name,
            "image": str(read_stamp(sif).get("digest", "")),
            "seconds": round(result.seconds),
            "broken": result.broken,
        }
        write_results(FOLDER / f"{suite.name}.{image}.json", facts, result.outcomes)


def _tell(found: list[Comparison]) -> int:
    with whole_file(FOLDER / "summary.json") as temporary:
        temporary.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    for line in report.notes(found):
        print(line)
    print(f"\n{report.table(found)}\n")
    for line in report.problems(found):
        print(line, file=sys.stderr)
    return 0 if all(one.is_good for one in found) else 1
