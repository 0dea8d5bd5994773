"""What a site's file promises, and whether it is there.

The file is TOML; its table ``[promises]`` is read here, the rest is the
launcher's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workloads.doctor.finding import Finding, Status
from workloads.errors import UsageError

# The fabrics that can be promised, and the providers of libfabric that are right for each.
_PROVIDERS = {
    "cxi": {"cxi"}, "opx": {"opx", "psm2"}, "verbs": {"verbs"}, "efa": {"efa"},
    "roce": {"verbs"}, "tcp": {"tcp", "sockets"},
}  # fmt: skip
_FAMILIES = ("mpich", "openmpi", "abi")
Values = dict[str, Any]


def _mpi(promise: Any, values: Values) -> str:
    found = (values.get("mpi.library") or {}).get("family", "none")
    return "" if found == promise else f"MPI's ABI is {found}"


def _mpi_library(promise: Any, values: Values) -> str:
    found = (values.get("mpi.library") or {}).get("path", "")
    return "" if found.startswith(promise) else f"libmpi is {found or 'not there'}"


def _fabric(promise: Any, values: Values) -> str:
    hardware = values.get("fabric.hardware") or []
    if promise != "tcp" and promise not in hardware:
        return f"the node has {', '.join(hardware) or 'no fabric but Ethernet'}"
    used = values.get("fabric.used")
    if not used:
        return "the fabric is known only inside a job"
    ours = not _PROVIDERS[promise].isdisjoint(used.split(";"))
    return "" if ours else f"MPI uses {used}"


def _gpus(promise: Any, values: Values) -> str:
    found = values.get("gpu.devices") or 0
    return "" if found >= promise else "1 GPU answers" if found == 1 else f"{found} GPUs answer"


def _opencl(promise: Any, values: Values) -> str:
    found = values.get("opencl.devices")
    if found is None:
        return "OpenCL was not asked"
    absent = [name for name in promise if not any(name.lower() in each.lower() for each in found)]
    return f"no device of {', '.join(absent)}" if absent else ""


def _one_of(names: Sequence[str]) -> Callable[[Any], str]:
    return lambda value: "" if value in names else f"one of {', '.join(names)}"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.startswith("/") else "an absolute path"


def _number(value: Any) -> str:
    return "" if type(value) is int and value > 0 else "a whole number of at least 1"


def _names(value: Any) -> str:
    is_list = isinstance(value, list) and value and all(isinstance(name, str) for name in value)
    return "" if is_list else "a list of parts of platforms' names"


# key -> (what a value must be, empty if it is that; why it is not kept, empty if it is)
PROMISES: dict[str, tuple[Callable[[Any], str], Callable[[Any, Values], str]]] = {
    "mpi": (_one_of(_FAMILIES), _mpi),
    "mpi_library": (_text, _mpi_library),
    "fabric": (_one_of([*_PROVIDERS]), _fabric),
    "gpus": (_number, _gpus),
    "opencl": (_names, _opencl),
}


def read(path: Path) -> dict[str, Any]:
    """Return what a site's file promises."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("promises", {})
    except OSError as error:
        raise UsageError(f"--site {path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"--site {path}: {error}") from error
    if wrong := why_not(table):
        raise UsageError(f"--site {path}: {wrong}")
    return dict(table)


def why_not(table: Any) -> str:
    """Return what is wrong with a table ``[promises]``, one line; empty if nothing."""
    if not isinstance(table, dict):
        return "promises is no table: write [promises]"
    for key, value in table.items():
        if key not in PROMISES:
            return f"unknown promise {key!r}; known: {', '.join(PROMISES)}"
        if wrong := PROMISES[key][0](value):
            return f"promises.{key} = {value!r} is not {wrong}"
    return ""


def kept(promises: dict[str, Any], found: list[Finding], *, deep: bool = True) -> list[Finding]:
    """Compare what was found with what is promised."""
    values = {finding.name: finding.value for finding in found}
    answer = []
    for key, promise in promises.items():
        if key == "opencl" and not deep:
            continue
        shown = ", ".join(promise) if isinstance(promise, list) else promise
        name, why = f"promise.{key}", PROMISES[key][1](promise, values)
        if why:
            detail = f"{shown} is promised, and {why}"
            answer.append(Finding(name, Status.FAIL, detail, "see docs/doctor.md"))
        else:
            answer.append(Finding(name, Status.OK, f"{shown} is there"))
    return answer
