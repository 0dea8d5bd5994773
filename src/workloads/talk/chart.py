"""A slide's picture: how many times as fast as the first, in the talk and here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workloads.bench import plot
from workloads.talk.report import times
from workloads.talk.rows import Outcome

_HALF = 0.38


def compares(outcomes: Sequence[Outcome]) -> bool:
    """Return whether there is anything to compare: two techniques, here or in the talk."""
    return any(len(outcome.rows) > 1 for outcome in outcomes if not outcome.reason)


def draw(path: Path, title: str, outcomes: Sequence[Outcome]) -> None:
    """Draw two bars for each technique, and a panel for each experiment.

    Parameters
    ----------
    path
        The picture: png, pdf or svg.
    title
        Above all panels.
    outcomes
        The experiments; those that could not run are left out.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    OutputError
        When it cannot be written.
    """
    drawn = [outcome for outcome in outcomes if not outcome.reason]
    mpl, figure_class = plot.matplotlib_classes()
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        height = 1.2 + 0.45 * max((len(outcome.rows) for outcome in drawn), default=1)
        figure = figure_class(figsize=(7.2, height * max(1, len(drawn))), layout="constrained")
        for at, outcome in enumerate(drawn, start=1):
            _panel(figure.add_subplot(max(1, len(drawn)), 1, at), outcome)
        figure.suptitle(title)
        # Below all panels: in one it would lie on bars.
        handles, labels = figure.axes[0].get_legend_handles_labels() if drawn else ([], [])
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        plot.save(figure, path, dots_per_inch=120)


def _panel(axes: Any, outcome: Outcome) -> None:
    rows = outcome.rows
    names = [row.impl if row.workers == 1 else f"{row.impl}, {row.workers}" for row in rows]
    for offset, label, told in ((-_HALF / 2, "talk", True), (_HALF / 2, "here", False)):
        values = [value or 0.0 for value in times(rows, told=told)]
        places = [index + offset for index in range(len(rows))]
        bars = axes.barh(places, values, _HALF, label=label, color=plot.COLOURS[not told])
        axes.bar_label(bars, [f"{value:.3g}" if value else "" for value in values], padding=3)
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(f"times as fast as {names[0]}")
    axes.set_title(outcome.experiment.title)
    axes.spines[["top", "right"]].set_visible(False)
