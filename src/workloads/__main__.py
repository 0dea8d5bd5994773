"""``python -m workloads [NAME …]``: list the workloads or run one."""

from __future__ import annotations

import importlib
import sys

from workloads.bench import files
from workloads.errors import (
    EXIT_CODES,
    UsageError,
    WorkloadError,
    drop_output,
    lost_output,
    open_streams,
)
from workloads.parallel import ranks, signals
from workloads.registry import TOOLS, WORKLOADS


def _usage() -> str:
    rows = [f"  {name:10} {what}" for name, (_, what) in WORKLOADS.items()]
    tools = [f"  {name:10} {what}" for name, (_, what) in TOOLS.items()]
    return "\n".join(
        [
            "usage: python -m workloads [--version] NAME [OPTION …]",
            "",
            *rows,
            "",
            *tools,
            "",
            "python -m workloads NAME --help prints its options, --list its techniques.",
            "python -m workloads.preflight SCRIPT …  looks at the job, then runs your program.",
            "python -m workloads.on_dask SCRIPT …  "
            "starts a Dask worker on each rank, then runs SCRIPT once.",
            "python -m workloads.on_spark SCRIPT …  makes Spark workers of them, and runs it.",
            "python -m workloads.traced FILE SCRIPT …  runs it, and writes all ranks' calls.",
            "",
            EXIT_CODES,
        ]
    )


def main(arguments: list[str]) -> int:
    """Run one workload, or list them; return the exit code (`errors.EXIT_CODES`).

    An OSError is raised unless the name of a file is its cause; standard output's are among them.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0
    if arguments[0] == "--version":
        from workloads.version import line  # noqa: PLC0415

        print(line())
        return 0
    name, *rest = arguments
    known = {**WORKLOADS, **TOOLS}
    if name not in known:
        _refuse(f"unknown {_kind(name)} {name!r}; {_suggestion(name, [*known])}")
        return 2
    return _run(name, rest)


def _run(name: str, words: list[str]) -> int:
    try:
        if name in TOOLS:
            code = int(importlib.import_module(TOOLS[name][0]).main(words))
        else:
            from workloads.bench import command  # noqa: PLC0415

            module = importlib.import_module(WORKLOADS[name][0])
            code = command.main(module.WORKLOAD, words)
    except BaseException as error:
        if not signals.asked():
            return _failed(name, error)
        code = 0
    return signals.stopped() if signals.asked() else code


def _failed(name: str, error: BaseException) -> int:
    """Say what has ended a workload and return its exit code, or raise it."""
    if isinstance(error, WorkloadError):
        _refuse(f"{name}: {error}")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in files.OF_A_NAME and error.filename:
        _refuse(f"{name}: {error.filename}: {error.strerror}")
        return UsageError.exit_code
    raise error


def _kind(name: str) -> str:
    return "option" if name.startswith("-") else "workload"


def _suggestion(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"one of: {', '.join(known)}"


def _refuse(line: str) -> None:
    """Say what every rank finds."""
    ranks.print_once(f"workloads: {line}")


def _print_by_first(line: str) -> None:
    if ranks.is_first():
        print(f"workloads: {line}", file=sys.stderr)


def _entry() -> int:
    open_streams()
    signals.listen(": ".join(["workloads", *sys.argv[1:2]]))
    try:
        code = main(sys.argv[1:])
        # Here an error becomes one line.
        sys.stdout.flush()
    except BaseException as error:
        if signals.asked():
            drop_output()
            return signals.stopped()
        if isinstance(error, OSError):
            return lost_output(error, _print_by_first)
        raise
    return code


# Spawned workers import this file under another name.
if __name__ == "__main__":
    sys.exit(_entry())
