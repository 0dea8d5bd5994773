"""Draw a report of starts: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#000000")


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw off-node calls and processor time side by side, a bar a place."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    results = report["results"]
    cases = list(dict.fromkeys(one["case"] for one in results))
    places = list(dict.fromkeys((one["image"], one["place"]) for one in results))
    figure = Figure(figsize=(11, 1.5 + 0.22 * len(results)), layout="constrained")
    calls, times = figure.subplots(1, 2, sharey=True)
    height = 0.8 / len(places)
    for index, (place, colour) in enumerate(zip(places, _COLOURS, strict=False)):
        mine = [one for one in results if (one["image"], one["place"]) == place]
        rows = [cases.index(one["case"]) - 0.4 + (index + 0.5) * height for one in mine]
        options = {"height": height * 0.9, "color": colour, "label": ", ".join(place)}
        counts = [one["counts"]["off_node"] for one in mine]
        bars = calls.barh(rows, counts, **options)
        calls.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize=8)
        middle = [statistics.median(one["cpu"]) * 1e3 for one in mine]
        spread = [
            [value - min(one["cpu"]) * 1e3 for one, value in zip(mine, middle, strict=True)],
            [max(one["cpu"]) * 1e3 - value for one, value in zip(mine, middle, strict=True)],
        ]
        bars = times.barh(rows, middle, xerr=spread, error_kw={"lw": 0.8}, **options)
        texts = [f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in middle]
        times.bar_label(bars, texts, padding=3, fontsize=8)
    calls.set_yticks(range(len(cases)), cases)
    calls.invert_yaxis()
    calls.set_xlabel("path system calls that are not node-local")
    times.set_xlabel("processor time, ms (median, least to most)")
    for axes in (calls, times):
        axes.set_xscale("log")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    # One call is a bar, too.
    calls.set_xlim(left=0.5)
    machine, samples = report["machine"], len(results[0]["cpu"])
    figure.suptitle(
        f"Starts of Python, {samples} samples each: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['kernel']}"
    )
    figure.legend(*calls.get_legend_handles_labels(), loc="outside lower center", ncols=len(places))
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
