"""``python3 -m hpcpy COMMAND``: what ``./hpcpy`` and the Makefile call."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from hpcpy.commands import COMMANDS, run, top_parser, with_settings
from hpcpy.core.parser import entry
from hpcpy.core.paths import cache_dir
from hpcpy.core.programs import STOPPED, end_on_signals
from hpcpy.core.trust import ANOTHER_CACHE
from hpcpy_common.errors import DiskError, HpcpyError, UsageError
from hpcpy_common.files import OF_A_NAME
from hpcpy_job.__main__ import entry as job


def main(words: list[str]) -> int:
    """Run one command; return its exit code (docs/reference/make.md)."""
    if words and COMMANDS.get(words[0], ("",))[0].startswith("hpcpy_job."):
        return job()
    # The programs that this starts must not get the path of this package: an image
    # would import the checkout's `workloads` in place of its own.
    os.environ.pop("PYTHONPATH", None)
    end_on_signals()
    is_from_make = words[:1] == ["--from-make"]
    words = words[is_from_make:]
    name = f"hpcpy {words[0]}" if words and words[0] in COMMANDS else "hpcpy"
    try:
        if is_from_make:
            words = with_settings(words, os.environ)
        if words:
            return run(words)
        top_parser().print_help()
        return 2  # noqa: TRY300
    except HpcpyError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if not (message := _of_a_name(error)):
            raise
        print(f"{name}: {message}", file=sys.stderr)
        in_cache = bool(error.filename) and _is_in_cache(error.filename)
        return DiskError.exit_code if in_cache else UsageError.exit_code
    except (KeyboardInterrupt, SystemExit) as end:
        # argparse ends --help so, too.
        code = 130 if isinstance(end, KeyboardInterrupt) else end.code
        if code in STOPPED:
            print(f"{name}: stopped; run the same command again", file=sys.stderr)
            return code
        raise


def _of_a_name(error: OSError) -> str:
    """Return the line of a name that no file can have, or that of the working directory."""
    if error.errno == errno.ENOENT and not error.filename:
        return "the working directory is gone; cd to one that is there"
    if error.errno not in OF_A_NAME or not error.filename:
        return ""
    message = f"{error.filename}: {str(error.strerror).lower()}"
    return f"{message}; {ANOTHER_CACHE}" if _is_in_cache(error.filename) else message


def _is_in_cache(name: str | bytes) -> bool:
    try:
        return Path(os.fsdecode(name)).is_relative_to(cache_dir())
    except UsageError:  # there is none
        return False


def start() -> int:
    """Run the command that this process was started with, as a wheel's ``hpcpy``."""
    return entry(main)


if __name__ == "__main__":
    sys.exit(start())
