"""Compare the forecast's model with measurements, and draw its curves to 131,072 ranks."""

import argparse
import json
import sys

from checkout import run
from hpcpy_job.forecast.model import RANKS
from measure import report, roots
from measure.topics import RESULTS
from sharedfs.validation import CURVES, NIH_PER_NODE, compare, curve, read_nih

_STORMS = [RESULTS / f"{name}.json" for name in ("storm-throttled", "storm-ways")]


def main(options: argparse.Namespace) -> int:
    """Compare, write ``import-at-scale.json`` and its picture, print a table."""
    storms = [compare(json.loads(path.read_text())) for path in _STORMS]
    runs = read_nih(RESULTS / "nih_import_storm.csv")
    curves = [curve(name, runs) for name in CURVES]
    ranks = [number for number in RANKS if number >= 64]
    times = {}
    for fitted in curves:
        name, parameters = fitted["environment"], (fitted["think"], fitted["demand"])
        model = CURVES[name][2]
        times[name] = [model(*parameters, number, NIH_PER_NODE) for number in ranks]
        for point in runs:
            if point["environment"] == name:
                point["predicted"] = model(*parameters, point["ranks"], point["per_node"])
    (image,) = roots.images(["hpcpy"], options.sif)
    with report.work_folder() as work:
        facts = {
            **report.circumstances("import-at-scale", [], work),
            "measured": runs,
            "curves": curves,
            "storms": storms,
            "model": {"ranks": ranks, "per_node": NIH_PER_NODE, "seconds": times},
        }
        return report.finish(facts, options.out, image, work)


declare = report.add_options

if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
