"""Packages that a small image leaves out: what needs one is skipped there, and says so.

In an image with the whole stack a missing package lets tests fail.
"""

import importlib.util
from pathlib import Path

import pytest

from hpcpy_common import version

_IMAGE = version.image()


def lacking(*modules: str) -> str:
    """Return which of some modules this image leaves out, as a reason to skip."""
    if _IMAGE["stack"] == "image":
        return ""
    # Of packages alone: find_spec imports the parents of what lies in one.
    absent = [name for name in modules if not importlib.util.find_spec(name.split(".")[0])]
    return f"the image {_IMAGE['name']} leaves out {', '.join(absent)}" if absent else ""


def needs(*modules: str) -> pytest.MarkDecorator:
    """Return the mark of a test, or of one of its cases, that needs some modules."""
    reason = lacking(*modules)
    return pytest.mark.skipif(bool(reason), reason=reason)


def need(*modules: str) -> None:
    """Skip the test that calls this where one of its modules is left out."""
    if reason := lacking(*modules):
        pytest.skip(reason)


def plotted(chart: Path) -> list[str]:
    """Return the words that ask for a chart; none where matplotlib is left out."""
    return [] if lacking("matplotlib") else ["--plot", str(chart)]


def is_drawn(chart: Path) -> bool:
    """Return whether a chart is there, or could not be."""
    return bool(lacking("matplotlib")) or chart.stat().st_size > 1_000
