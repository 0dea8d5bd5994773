"""Draw starts on fresh mounts: run by the image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = {"wheels": "#0072b2", "hpcpy": "#d55e00"}
_TITLES = {
    "cached": "file in the page cache",
    "dropped": "file on the local disk",
    "slow": "200 MB/s, 1 ms a request",
}


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw what starts take above `true`, two bars a case, a row a mount."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    results = report["results"]
    mounts = list(dict.fromkeys(one["mount"] for one in results))
    storages = list(dict.fromkeys(one["storage"] for one in results))
    figure = Figure(
        figsize=(2.9 * (len(storages) + 1), 2.6 * len(mounts) + 1), layout="constrained"
    )
    panels = figure.subplots(len(mounts), len(storages) + 1, squeeze=False, sharey=True)
    for row, mount in zip(panels, mounts, strict=True):
        mine = [one for one in results if one["mount"] == mount]
        for axes, storage in zip(row, storages, strict=False):
            _bars(axes, [one for one in mine if one["storage"] == storage], "wall", 1e3)
            axes.set_title(_TITLES[storage], fontsize="medium")
            axes.set_xlabel("ms above true")
        last = storages[-1]
        _bars(row[-1], [one for one in mine if one["storage"] == last], "read", 1e-6)
        row[-1].set_title(f"read: {_TITLES[last]}", fontsize="medium")
        row[-1].set_xlabel("MB above true")
        row[0].set_ylabel(mount)
    machine = report["machine"]
    figure.suptitle(
        f"Starts after a mount, {len(results[0]['wall'])} samples each: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['kernel']}"
    )
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.savefig(picture, dpi=115)


def _bars(axes: Any, results: list[dict[str, Any]], key: str, factor: float) -> None:
    cases = [case for case in dict.fromkeys(one["case"] for one in results) if case != "true"]
    for index, (image, colour) in enumerate(_COLOURS.items()):
        mine = {one["case"]: one[key] for one in results if one["image"] == image and one[key]}
        if not mine:
            continue
        true = statistics.median(mine["true"])
        middle = [(statistics.median(mine[case]) - true) * factor for case in cases]
        least = [(min(mine[case]) - true) * factor for case in cases]
        most = [(max(mine[case]) - true) * factor for case in cases]
        spread = [
            [value - low for value, low in zip(middle, least, strict=True)],
            [high - value for value, high in zip(middle, most, strict=True)],
        ]
        rows = [row - 0.2 + 0.4 * index for row in range(len(cases))]
        bars = axes.barh(
            rows, middle, 0.36, xerr=spread, error_kw={"lw": 0.8}, color=colour, label=image
        )
        axes.bar_label(bars, [f"{value:,.0f}" for value in middle], padding=4, fontsize="small")
    axes.set_yticks(range(len(cases)), cases)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.margins(x=0.3)
    # A sample below `true` would move the bars' foot into the picture.
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
