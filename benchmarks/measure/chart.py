"""Draw a report of starts: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Two of those that are measured, both unpacked on one disk; the table has all. The
# colours are Okabe and Ito's, which any colour vision tells apart.
_SHOWN = {
    ("wheels", "venv"): ("a venv with wheels", "#0072b2"),
    ("hpcpy", "host"): ("hpcpy", "#d55e00"),
}


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw off-node calls and processor time side by side, wheels against hpcpy."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    results = report["results"]
    cases = list(dict.fromkeys(one["case"] for one in results))
    measured = {(one["image"], one["place"]) for one in results}
    places = [place for place in _SHOWN if place in measured]
    figure = Figure(figsize=(10, 1.4 + 0.52 * len(cases)), layout="constrained")
    calls, times = figure.subplots(1, 2, sharey=True)
    height = 0.8 / max(1, len(places))
    for index, place in enumerate(places):
        mine = [one for one in results if (one["image"], one["place"]) == place]
        rows = [cases.index(one["case"]) - 0.4 + (index + 0.5) * height for one in mine]
        name, colour = _SHOWN[place]
        options = {"height": height * 0.9, "color": colour, "label": name}
        counts = [one["counts"]["off_node"] for one in mine]
        bars = calls.barh(rows, counts, **options)
        calls.bar_label(bars, [f"{count:,}" for count in counts], padding=3)
        middle = [statistics.median(one["cpu"]) * 1e3 for one in mine]
        spread = [
            [value - min(one["cpu"]) * 1e3 for one, value in zip(mine, middle, strict=True)],
            [max(one["cpu"]) * 1e3 - value for one, value in zip(mine, middle, strict=True)],
        ]
        bars = times.barh(rows, middle, xerr=spread, error_kw={"lw": 0.8}, **options)
        texts = [f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in middle]
        times.bar_label(bars, texts, padding=3)
    calls.set_yticks(range(len(cases)), cases)
    calls.invert_yaxis()
    calls.set_xlabel("off-node path calls")
    times.set_xlabel("processor time, ms (median, least to most)")
    for axes in (calls, times):
        axes.set_xscale("log")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15, y=0.02)
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
