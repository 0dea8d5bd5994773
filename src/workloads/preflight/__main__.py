"""``python -m workloads.preflight [--site FILE] (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from workloads.doctor import promises
from workloads.errors import UsageError
from workloads.preflight import check, program

_USAGE = """\
usage: python -m workloads.preflight [--site FILE] SCRIPT [ARGUMENT …]
       python -m workloads.preflight [--site FILE] -m MODULE [ARGUMENT …]

Looks at the job, one process a node, then runs the program in this process.
Nothing is said when all is well. HPCPY_PREFLIGHT=on (default) ends the job with
exit code 78 when a check fails, warn goes on, off looks at nothing.
--site FILE: a site's TOML file; what its table [promises] names must be there."""


def main(words: list[str]) -> int:
    """Look, then run the program."""
    program_words: list[str] = []

    def look(words: list[str]) -> int:
        how = check.mode()
        promised: dict[str, Any] = {}
        while words and words[0].startswith("-") and words[0] != "-m":
            option, _, file = words[0].partition("=")
            if option != "--site":
                raise UsageError(f"unknown option {option}", hint="--help tells the options")
            if not file and len(words) == 1:
                raise UsageError("--site: no file is named")
            promised = promises.read(Path(file or words[1]))
            words = words[1 if file else 2 :]
        program.require(words)
        program_words.extend(words)
        return check.check(how, promised)

    code = program.command("preflight", _USAGE, words, look)
    # --help and --version name no program.
    if code == 0 and program_words:
        program.run_rank(program_words)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
