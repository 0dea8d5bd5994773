"""Draw what each feature saves: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

_CASES = ("pass", "numpy", "core", "core + kernel")
# The variants without and with a feature, as measure.variants names them.  Okabe
# and Ito's colours, which any colour vision tells apart.
_WAYS = {
    "added to the plain interpreter": ("plain", "plain + {}", "#0072b2"),
    "as the last of all": ("all but {}", "all features", "#d55e00"),
}


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw the shares of processor time that each feature saves, alone and as the last."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    cpu = {(one["image"], one["case"]): one["cpu"] for one in report["results"]}
    features = report["features"]
    figure = Figure(figsize=(10, 2 + 0.38 * len(features)), layout="constrained")
    panels = figure.subplots(1, len(_CASES), sharey=True, sharex=True)
    for axes, case in zip(panels, _CASES, strict=True):
        for index, (title, (slower, faster, colour)) in enumerate(_WAYS.items()):
            found = [_saved(cpu, case, slower.format(one), faster.format(one)) for one in features]
            rows = [row + 0.38 * (index - 0.5) for row in range(len(features))]
            middle, low, high = zip(*found, strict=True)
            spread = [
                [m - one for m, one in zip(middle, low, strict=True)],
                [one - m for m, one in zip(middle, high, strict=True)],
            ]
            options = {"height": 0.36, "color": colour, "error_kw": {"lw": 0.8}}
            axes.barh(rows, middle, xerr=spread, label=title, **options)
        axes.axvline(0, color="black", lw=0.8)
        axes.set_title(case)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(features)), features)
    panels[0].invert_yaxis()
    machine, samples = report["machine"], len(report["results"][0]["cpu"])
    figure.suptitle(
        "Processor time that each feature saves, % of the start without it\n"
        f"Medians and quartiles of {samples} rounds: "
        f"{machine['processor']}, {machine['cores']} cores"
    )
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(_WAYS))
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
