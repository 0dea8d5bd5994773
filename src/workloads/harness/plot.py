"""A bar chart of the rates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workloads.errors import UnavailableError
from workloads.harness import caches, files
from workloads.harness.result import Result


def bar_chart(path: Path, title: str, unit: str, results: Sequence[Result]) -> None:
    """Draw every result's rate, a panel a problem, on a logarithmic axis.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    caches.provide("MPLCONFIGDIR", "matplotlib")
    try:
        import matplotlib as mpl  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError("--plot: Python has no module 'matplotlib' here") from error
    problems = list(dict.fromkeys(result.problem for result in results))
    most = max(sum(r.problem == name for r in results) for name in problems)
    # SVG and PDF name their parts by a random salt and carry a date: the
    # same results are to give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure = Figure(figsize=(5.5 * len(problems), 1.4 + 0.32 * most), layout="constrained")
        for index, name in enumerate(problems, start=1):
            shown = sorted((r for r in results if r.problem == name), key=lambda r: r.rate)
            axes = figure.add_subplot(1, len(problems), index)
            rates = [result.rate / 1e6 for result in shown]
            bars = axes.barh([result.impl for result in shown], rates, color="#0072b2")
            axes.bar_label(bars, [f"{rate:,.3g}" for rate in rates], padding=3)
            axes.set_xscale("log")
            axes.set_xlim(min(rates) / 3, max(rates) * 4)
            axes.set_xlabel(unit)
            axes.set_title(name)
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(title)
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        with files.whole_file(path) as temporary:
            suffix = path.suffix.lower()
            figure.savefig(temporary, dpi=150, metadata=metadata.get(suffix, {}))
