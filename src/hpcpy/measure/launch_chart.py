"""Draw the steps of a launch: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# A narrower piece has no room for its number: the table has it.
_NARROW = 0.04
# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = ("#999999", "#56b4e9", "#d55e00", "#009e73", "#e69f00")


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw a bar an image, and in it what each step adds."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    found = {(one["image"], one["name"]): one["seconds"] for one in report["results"]}
    images = list(dict.fromkeys(image for image, _ in found if image))
    names = list(dict.fromkeys(name for _, name in found))
    longest = max(statistics.median(seconds) for seconds in found.values()) * 1e3
    figure = Figure(figsize=(9, 1.6 + 0.7 * len(images)), layout="constrained")
    axes = figure.subplots()
    for row, image in enumerate(images):
        left = 0.0
        for name, colour in zip(names, _COLOURS, strict=True):
            seconds = found.get((image, name)) or found["", name]
            whole = statistics.median(seconds) * 1e3
            bar = axes.barh(
                row, whole - left, left=left, color=colour, label="" if row else name, height=0.6
            )
            if whole - left > _NARROW * longest:
                axes.bar_label(bar, [f"{whole - left:.0f}"], label_type="center")
            left = whole
        low, high = min(seconds) * 1e3, max(seconds) * 1e3
        axes.errorbar(left, row, xerr=[[left - low], [high - left]], color="black", lw=0.8)
    axes.set_yticks(range(len(images)), images)
    axes.invert_yaxis()
    axes.set_xlabel("ms from the start of srun to the last rank, medians; the line: least to most")
    axes.spines[["top", "right"]].set_visible(False)
    machine, samples = report["machine"], len(seconds)
    figure.suptitle(
        f"{report['srun']}, {samples} launches of each\n"
        f"{machine['processor']}, {machine['cores']} cores"
    )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(names))
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
