"""``hpcpy bench NAME [OPTION …]``: measurements that are kept in docs/results."""

from __future__ import annotations

import importlib

from hpcpy.errors import UsageError

BENCHES = {
    "startup": "hpcpy.measure.startup",
    "bake": "hpcpy.measure.baked",
    "overhead": "hpcpy.measure.overhead",
}


def main(arguments: list[str]) -> int:
    """Run one measurement.

    Parameters
    ----------
    arguments
        Its name and its options.

    Returns
    -------
    int
        Its exit code.
    """
    name = arguments[0] if arguments else ""
    if name not in BENCHES:
        raise UsageError(f"no measurement {name!r}", hint=f"one of: {', '.join(BENCHES)}")
    module = importlib.import_module(BENCHES[name])
    return int(module.main(arguments[1:]))
