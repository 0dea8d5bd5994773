"""Draw the steps of a launch: run by an image's Python, by itself."""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00")
_WHOLE = "to the last rank"


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw what each step adds, and all of them, a bar an image."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    middle = {
        (one["image"], one["name"]): statistics.median(one["seconds"]) * 1e3
        for one in report["results"]
    }
    images = list(dict.fromkeys(image for image, _ in middle if image))
    names = list(dict.fromkeys(name for _, name in middle))
    figure = Figure(figsize=(9, 1.6 + 0.45 * (len(names) + 1)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(images)
    for index, (image, colour) in enumerate(zip(images, _COLOURS, strict=False)):
        # The launcher has no image.
        until = [middle.get((image, name), middle.get(("", name), 0.0)) for name in names]
        added = [until[0], *(b - a for a, b in itertools.pairwise(until)), until[-1]]
        rows = [row - 0.4 + (index + 0.5) * height for row in range(len(added))]
        bars = axes.barh(rows, added, height=height * 0.9, color=colour, label=image)
        axes.bar_label(bars, [f"{value:,.0f}" for value in added], padding=3)
    axes.set_yticks(range(len(names) + 1), [*names, _WHOLE])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("ms that a step adds, medians")
    axes.spines[["top", "right"]].set_visible(False)
    machine, samples = report["machine"], len(report["results"][0]["seconds"])
    figure.suptitle(
        f"{report['srun']}, {samples} launches of each\n"
        f"{machine['processor']}, {machine['cores']} cores"
    )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(images))
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
