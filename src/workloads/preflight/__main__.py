"""``python -m workloads.preflight [--site FILE] (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from workloads import version
from workloads.bench import streams
from workloads.doctor import promises
from workloads.errors import UsageError, WorkloadError
from workloads.parallel import ranks
from workloads.preflight import check, program

_USAGE = """\
usage: python -m workloads.preflight [--site FILE] SCRIPT [ARGUMENT …]
       python -m workloads.preflight [--site FILE] -m MODULE [ARGUMENT …]

Looks at the job, one process a node, then runs the program in this process.
Nothing is said when all is well. HPCPY_PREFLIGHT=on (default) ends the job with
exit code 78 when a check fails, warn goes on, off looks at nothing.
--site FILE: a site's TOML file; what its table [promises] names must be there."""


def _options(words: list[str]) -> tuple[dict[str, Any], list[str]]:
    promised: dict[str, Any] = {}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        option, _, value = rest.pop(0).partition("=")
        if option != "--site":
            raise UsageError(f"unknown option {option}", hint="--help tells the options")
        if not value and not rest:
            raise UsageError("--site: no file is named")
        promised = promises.read(Path(value or rest.pop(0)))
    return promised, rest


def main(words: list[str]) -> int:
    """Look, then run the program."""
    if words[:1] in (["-h"], ["--help"]):
        streams.spell_in_ascii()
        print(_USAGE)
        return 0
    if words[:1] == ["--version"]:
        print(version.line())
        return 0
    try:
        how = check.mode()
        promised, rest = _options(words)
        program.require(rest)
        code = check.check(how, promised)
    except WorkloadError as error:
        ranks.print_error("preflight", error)
        return error.exit_code
    except KeyboardInterrupt:
        if ranks.is_first():
            print("preflight: stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    if code == 0:
        program.run_rank(rest)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
