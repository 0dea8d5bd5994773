"""Try to load the libraries whose names come as JSON in HPCPY_DOCTOR_LIBRARIES."""

from __future__ import annotations

import ctypes
import json
import os


def load(names: list[str]) -> dict[str, str]:
    """Return for each library why it does not load; empty where it does."""
    found = {}
    for name in names:
        try:
            ctypes.CDLL(name)
            found[name] = ""
        except OSError as error:
            found[name] = str(error)
    return found


if __name__ == "__main__":
    print(json.dumps(load(json.loads(os.environ["HPCPY_DOCTOR_LIBRARIES"]))))
