"""What is wrong with W or PROGRAM, as far as it shows before a launch."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Sequence
from pathlib import Path

from hpcpy.launch.request import Request, meant
from workloads.errors import WorkloadError
from workloads.harness import command, options
from workloads.harness.workload import Workload
from workloads.registry import TOOLS, WORKLOADS

NAME_IT = "give its path from here, or an absolute one"


def fault(words: Sequence[str]) -> str:
    """Return what this checkout's workloads would refuse on any machine.

    Parameters
    ----------
    words
        What follows ``python -m workloads``.

    Returns
    -------
    str
        One line; empty when nothing is wrong with the words themselves.

    Examples
    --------
    >>> fault(["mandle"])
    "unknown workload 'mandle'; did you mean mandel?"
    """
    name, *rest = words
    if name in ("-h", "--help", "--version") or name in TOOLS:
        return ""
    if name not in WORKLOADS:
        return f"unknown workload {name!r}; {meant(name, (*WORKLOADS, *TOOLS))}"
    module = importlib.import_module(WORKLOADS[name][0])
    workload = next(one for one in vars(module).values() if isinstance(one, Workload))
    try:
        techniques = _techniques(workload, rest)
    except WorkloadError as error:
        return f"{name}: {error}"
    known = ("all", "auto", *workload.techniques)
    for technique in techniques:
        if technique not in known:
            return f"{name}: unknown technique {technique!r}; {meant(technique, known)}"
    return ""


def absent(request: Request) -> str:
    """Return why the program's script cannot be seen; empty when it can be."""
    if not request.program or request.program[0] == "-m" or Path(request.program[0]).is_file():
        return ""
    return f"PROGRAM={request.program[0]}: no such file"


def _techniques(workload: Workload, words: list[str]) -> list[str]:
    """Return the techniques that are asked for; none with ``--help`` or ``--list``."""
    # --help prints and exits.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        wish = options.parse(command.parser(workload), words)
        return [] if wish.list else str(wish.impl).split(",")
    return []
