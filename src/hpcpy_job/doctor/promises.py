"""What the table ``[promises]`` of a site's file promises, and whether it is there."""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpcpy_common import ranks, site_file
from hpcpy_common.errors import UsageError, suggestion
from hpcpy_common.site_file import VARIABLE
from hpcpy_job.doctor.checks import Finding, Status

# The fabrics that can be promised, and the providers of libfabric that are right for each.
_PROVIDERS = {
    "cxi": {"cxi"}, "opx": {"opx", "psm2"}, "verbs": {"verbs"}, "efa": {"efa"},
    "roce": {"verbs"}, "tcp": {"tcp", "sockets"},
}  # fmt: skip
Values = dict[str, Any]


# What checks return where nothing has looked: not known is not broken.
_NOT_KNOWN = None
# It also works in a job.  Two nodes, as a fabric may lie idle where the ranks share one.
_LOOKS = "to know it: srun -N 2 python -m hpcpy_job doctor --site FILE"


def _mpi(promise: str, values: Values) -> str | None:
    if "mpi.library" not in values:
        return _NOT_KNOWN
    family = (values["mpi.library"] or {}).get("family", "none")
    return "" if family == promise else f"MPI's ABI is {family}"


def _mpi_library(promise: str, values: Values) -> str | None:
    if "mpi.library" not in values:
        return _NOT_KNOWN
    path = (values["mpi.library"] or {}).get("path", "")
    return "" if path.startswith(promise) else f"libmpi is {path or 'not there'}"


def _fabric(promise: str, values: Values) -> str | None:
    hardware = values.get("fabric.hardware")
    if promise != "tcp" and hardware is not None and promise not in hardware:
        return f"the node has {', '.join(hardware) or 'no fabric but Ethernet'}"
    used = values.get("fabric.used")
    if not used:
        return _NOT_KNOWN
    is_right = not _PROVIDERS[promise].isdisjoint(used.split(";"))
    return "" if is_right else f"MPI uses {used}"


def _gpus(promise: int, values: Values) -> str | None:
    count = values.get("gpu.devices")
    if count is None or count >= promise:
        return _NOT_KNOWN if count is None else ""
    return "1 GPU answers" if count == 1 else f"{count} GPUs answer"


# key -> (what a promise must be, why it is broken: empty if it is kept)
_CHECKS: dict[str, tuple[tuple[str, ...] | type, Callable[[Any, Values], str | None]]] = {
    "mpi": (("mpich", "openmpi", "abi"), _mpi),
    "mpi_library": (str, _mpi_library),
    "fabric": (tuple(_PROVIDERS), _fabric),
    "gpus": (int, _gpus),
}
# For the schema of site files.
WANTED = {key: wanted for key, (wanted, _) in _CHECKS.items()}


def of_job() -> dict[str, Any]:
    """Return, in a job, what the site file of a module promises, else that of the machine.

    Outside a job little of it can be known.
    """
    if not ranks.is_rank(os.environ):
        return {}
    if given := os.environ.get(VARIABLE, ""):
        if not site_file.is_file(path := Path(given)):
            if os.path.lexists(path):
                raise UsageError(f"{VARIABLE}={given}: it is no file")
            is_inside = os.path.realpath(sys.executable).startswith("/opt/hpcpy/")
            inside = f"; a container has to see it: --bind={given}" if is_inside else ""
            _say(f"{VARIABLE}={given}: its promises are not checked: no such file{inside}")
            return {}
        if why := site_file.changeable(path):
            raise UsageError(f"{VARIABLE}={given}: {why}", hint=site_file.NOT_CHANGEABLE)
        # A table of its own, even an empty one, replaces the machine's.
        if "promises" in (values := _values(path)):
            return dict(values["promises"])
    of_machine = site_file.OF_MACHINE
    why = site_file.why_not_in_etc(of_machine) if site_file.is_file(of_machine) else "it is no file"
    if not why:
        return read(of_machine)
    if os.path.lexists(of_machine):
        _say(f"{of_machine} is not read: {why}")
    return {}


def _say(line: str) -> None:
    if ranks.is_first():
        print(f"hpcpy: {line}", file=sys.stderr, flush=True)


def read(path: Path) -> dict[str, Any]:
    """Return what a site's file promises."""
    return dict(_values(path).get("promises", {}))


def _values(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except PermissionError as error:
        raise site_file.unreadable(path, error) from error
    except OSError as error:
        is_name = str(path) == path.stem
        name, file = shlex.quote(str(path)), shlex.quote(f"{path}.toml")
        hint = f"of a name: hpcpy site --site {name} > {file}" if is_name else ""
        why = str(error.strerror).lower()
        raise UsageError(f"site file {path}: cannot be read ({why})", hint=hint) from error
    except ValueError as error:
        raise UsageError(f"site file {path}: {error}") from error
    if wrong := _misspelt(values) or why_not(values.get("promises", {})):
        raise UsageError(f"site file {path}: {wrong}")
    return values


def needs_mpi(promises: dict[str, Any]) -> bool:
    """Return whether MPI has to be started to know what is promised."""
    return not promises.keys() <= {"gpus"}


def _misspelt(values: Values) -> str:
    """Return what is wrong with a key like ``promises``, whose table would never be checked."""
    # The other keys are a launch's own, which refuses what it does not know.
    for key in values:
        hint = suggestion(key, ["promises"])
        if key != "promises" and hint.startswith("did you mean"):
            return f"{key!r} is an unknown key; {hint}"
    return ""


def why_not(table: Any) -> str:
    """Return what is wrong with a table ``[promises]``, one line; empty if nothing."""
    if not isinstance(table, dict):
        return "promises is no table: write [promises]"
    for key, value in table.items():
        if key not in _CHECKS:
            return f"unknown promise {key!r}; known: {', '.join(_CHECKS)}"
        if wanted := _not_wanted(value, _CHECKS[key][0]):
            return f"promises.{key} = {value!r} is not {wanted}"
    return ""


def _not_wanted(value: Any, wanted: tuple[str, ...] | type) -> str:
    """Return in words what a value must be; empty if it is that."""
    if isinstance(wanted, tuple):
        return "" if value in wanted else f"one of {', '.join(wanted)}"
    if wanted is str:
        is_path = isinstance(value, str) and value.startswith("/")
        return "" if is_path else "an absolute path"
    return "" if type(value) is int and value > 0 else "a whole number of at least 1"


def kept(promises: dict[str, Any], findings: list[Finding]) -> list[Finding]:
    """Compare what was found with what is promised."""
    values = {finding.name: finding.value for finding in findings}
    answer = []
    for key, promise in promises.items():
        finding = Finding(f"promise.{key}", Status.OK, f"{promise} is there")
        why = _CHECKS[key][1](promise, values)
        if why is _NOT_KNOWN:
            detail = f"{promise} is promised, and whether it is there is not known"
            finding = Finding(f"promise.{key}", Status.WARN, detail, _LOOKS)
        elif why:
            detail = f"{promise} is promised, and {why}"
            finding = Finding(
                f"promise.{key}",
                Status.FAIL,
                detail,
                "for the site's staff: mend it, or their [promises]",
            )
        answer.append(finding)
    return answer
