"""Draw the extra time of messages in containers: run by the image's Python, by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73")
_GOAL, _LIMIT = 1, 5


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw each size's difference with its interval, a panel an arrangement."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    results = report["results"]
    figure = Figure(figsize=(3.6 * len(results) + 1, 4), layout="constrained")
    panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, one, colour in zip(panels, results, _COLOURS, strict=False):
        names = list(one["intervals"])
        intervals = [one["intervals"][name] for name in names]
        middle = [100 * (each["ratio"] - 1) for each in intervals]
        below = [100 * (each["ratio"] - each["low"]) for each in intervals]
        above = [100 * (each["high"] - each["ratio"]) for each in intervals]
        axes.errorbar(range(len(names)), middle, [below, above], fmt="o", color=colour, capsize=3)
        axes.axhline(0, color="black", lw=0.8)
        axes.axhline(_GOAL, color="grey", lw=0.8, ls="--")
        axes.axhline(_LIMIT, color="red", lw=0.8, ls="--")
        axes.set_xticks(range(len(names)), [_words(name) for name in names], rotation=60)
        axes.set_title(f"{one['arrangement']['title']}, {len(one['ratios']['8'])} launches")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("inside takes more, %, and 95 % interval")
    machine = report["machine"]
    figure.suptitle(
        "Messages inside a container against outside: "
        f"{machine['processor']}, {machine['cores']} cores, {machine['kernel']}"
    )
    figure.savefig(picture, dpi=150)


def _words(name: str) -> str:
    if not name.isdecimal():
        return name
    size = int(name)
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
