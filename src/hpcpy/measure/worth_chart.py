"""Draw what each feature saves: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_CASES = {"pass": "#0072b2", "numpy": "#e69f00", "core": "#d55e00", "core + kernel": "#009e73"}
# Title -> the variants without and with a feature, as hpcpy.measure.variants names them.
_PAIRS = {
    "added to the plain interpreter": ("plain", "plain + {}"),
    "as the last of all": ("all but {}", "all features"),
}


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw the shares of processor time that each feature saves, alone and as the last."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    cpu = {(one["image"], one["case"]): one["cpu"] for one in report["results"]}
    features = report["features"]
    figure = Figure(figsize=(10, 1.8 + 0.6 * len(features)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    for axes, (title, names) in zip(panels, _PAIRS.items(), strict=True):
        for index, (case, colour) in enumerate(_CASES.items()):
            found = [_saved(cpu, case, *(name.format(one) for name in names)) for one in features]
            rows = [row + 0.21 * (index - 1.5) for row in range(len(features))]
            middle, low, high = zip(*found, strict=True)
            spread = [
                [m - one for m, one in zip(middle, low, strict=True)],
                [one - m for m, one in zip(middle, high, strict=True)],
            ]
            options = {"height": 0.2, "color": colour, "error_kw": {"lw": 0.8}}
            axes.barh(rows, middle, xerr=spread, label=case, **options)
        axes.axvline(0, color="black", lw=0.8)
        axes.set_title(title)
        axes.set_xlabel("processor time saved, % of the start without it")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(features)), features)
    panels[0].invert_yaxis()
    machine = report["machine"]
    samples = len(report["results"][0]["cpu"])
    figure.suptitle(
        f"What each feature of the interpreter saves, medians and quartiles of {samples} rounds\n"
        f"{machine['processor']}, {machine['cores']} cores"
    )
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(_CASES))
    figure.savefig(picture, dpi=150)


def _saved(
    cpu: dict[tuple[str, str], list[float]], case: str, slower: str, faster: str
) -> tuple[float, float, float]:
    """Return the median and the quartiles of what is saved, in percent."""
    pairs = zip(cpu[slower, case], cpu[faster, case], strict=True)
    low, middle, high = statistics.quantiles([100 * (1 - b / a) for a, b in pairs], n=4)
    return middle, low, high


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
