"""Workloads that are altered before they start, for tests of wrong answers and of failures."""

from typing import Any

from running import Done, on_ranks


def altered(size: int, code: str, *words: Any) -> Done:
    """Run a workload, or the doctor, on ranks after some code, which knows `is_second`."""
    package = "hpcpy_job" if words[0] == "doctor" else "workloads"
    begin = f"import os, sys\nfrom {package}.__main__ import entry\n"
    begin += "is_second = os.environ['PMI_RANK'] == '1'\n"
    return on_ranks(size, "-c", f"{begin}{code}\nsys.exit(entry())\n", *words)
