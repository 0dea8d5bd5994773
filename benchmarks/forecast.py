"""Compare the forecast's model with measurements, and draw its curves to 131,072 ranks."""

import argparse
import json
import sys

from checkout import run
from hpcpy_job.forecast.model import RANKS
from measure import report, roots
from sharedfs.validation import CURVES, NIH_PER_NODE, compare, curve, read_nih

_STORMS = [report.RESULTS / f"{name}.json" for name in ("storm-throttled", "storm-ways")]


def main(options: argparse.Namespace) -> int:
    """Compare, write ``import-at-scale.json`` and its picture, print a table."""
    storms = [compare(json.loads(path.read_text())) for path in _STORMS]
    runs = read_nih(report.RESULTS / "nih_import_storm.csv")
    curves = [curve(name, runs) for name in CURVES]
    ranks = [number for number in RANKS if number >= 64]
    times = {}
    for one in curves:
        model = CURVES[one["environment"]][2]
        fit = (one["think"], one["demand"])
        times[one["environment"]] = [model(*fit, number, NIH_PER_NODE) for number in ranks]
        for each in runs:
            if each["environment"] == one["environment"]:
                each["predicted"] = model(*fit, each["ranks"], each["per_node"])
    (base,) = roots.images(["hpcpy"], options.sif)
    with report.work_folder() as work:
        facts = {
            **report.circumstances("import-at-scale", [], work),
            "measured": runs,
            "curves": curves,
            "storms": storms,
            "model": {"ranks": ranks, "per_node": NIH_PER_NODE, "seconds": times},
        }
        return report.finish(facts, options.out, base, work)


declare = report.add_files

if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
