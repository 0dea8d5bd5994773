"""``python -m hpcpy_warmup SCRIPT [ARGUMENT …]``: keep what numba compiles for a program.

The program is run once for each level of x86-64 that this processor has, with numba
told that it is no more.  What it compiles then is kept (`_hpcpy_numba_kept`).
"""

from __future__ import annotations

import argparse
import marshal
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _hpcpy_numba
import _hpcpy_numba_kept
from _hpcpy_numba_needs import IS_STOCK
from workloads import version

_FAILED, _UNAVAILABLE, _NOT_WRITABLE, _STOPPED = 1, 69, 73, 130
_CODES = """exit codes: 1 the program failed, 2 usage, 69 another processor than x86-64 or nothing
to keep, 73 the folder cannot be written, 130 stopped. After each of them all is as before."""


class _WarmupError(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hpcpy_warmup",
        description=(
            "Runs a program and keeps what numba compiles for it, functions with cache=True, "
            "in a folder that all ranks read. See docs/numba.md."
        ),
        epilog=_CODES,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=_folder,
        required=not _hpcpy_numba_kept.FOLDER,
        default=_hpcpy_numba_kept.FOLDER,
        help="where to; HPCPY_KERNELS names it when programs run, and here by default",
    )
    parser.add_argument(
        "--level",
        action="append",
        choices=list(_hpcpy_numba.LEVELS),
        help="for processors of this level and above (again for several; default: all levels "
        "that this one has)",
    )
    parser.add_argument("--version", action="version", version=version.line("hpcpy_warmup"))
    parser.add_argument("script", type=Path, metavar="SCRIPT")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if text == "-" or (path.exists() and not path.is_dir()):
        raise argparse.ArgumentTypeError(f"{text}: is no folder, and several files are written")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a program for each level and write the folder.

    Parameters
    ----------
    arguments
        Those of the command line by default.

    Returns
    -------
    int
        0, or a code of `--help`.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.script.is_file():
        parser.error(f"{options.script}: no such file")
    try:
        levels = _levels(options.level)
        _warm_up(Path(options.to).absolute(), levels, [str(options.script), *options.arguments])
    except _WarmupError as error:
        print(f"hpcpy_warmup: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"hpcpy_warmup: {error.filename}: {error.strerror}", file=sys.stderr)
        return _NOT_WRITABLE
    except KeyboardInterrupt:
        print("hpcpy_warmup: stopped; all is as before", file=sys.stderr)
        return _STOPPED
    return 0


def _warm_up(folder: Path, levels: Sequence[str], command: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = _hpcpy_numba.stamp()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".warmup.") as name:
        made = {level: _run(Path(name) / level, level, command) for level in levels}
        files = {path: digest for of_level in made.values() for path, digest in of_level[0].items()}
        if not files:
            raise _WarmupError(
                f"{command[0]}: numba has compiled no function with cache=True", _UNAVAILABLE
            )
        index = _former(folder / "index", stamp)
        changed = [index[path] for path in files if index.get(path, files[path]) != files[path]]
        contents: dict[str, dict[str, Any]] = {}
        for level, (_, entries) in made.items():
            kept = {
                key: value
                for key, value in _former(folder / f"{level}.bin", stamp).items()
                if not key.startswith(tuple(_hpcpy_numba_kept.PREFIX + one for one in changed))
            }
            contents[f"{level}.bin"] = kept | entries
        # Last: what a rank that starts meanwhile does not find it compiles.
        sizes = _write(folder, stamp, contents | {"index": index | files}, Path(name))
        for level, (_, entries) in made.items():
            file = f"{level}.bin"
            count = _count(entries)
            functions = f"{count} function" + ("" if count == 1 else "s")
            print(f"{level}: {functions}, {sizes[file]:,} bytes in {folder / file}")


def _levels(wanted: Sequence[str] | None) -> list[str]:
    """Return the levels to keep code for: the wanted ones, all that this processor has by default.

    Raises
    ------
    _WarmupError
        When there is none, or it has not the wanted one.
    """
    import llvmlite.binding as llvm  # noqa: PLC0415

    features = llvm.get_host_cpu_features().flatten()
    highest = _hpcpy_numba.level((llvm.get_process_triple(), llvm.get_host_cpu_name(), features))
    if not highest or IS_STOCK:
        why = "HPCPY_NUMBA=stock" if highest else "levels are those of x86-64"
        raise _WarmupError(f"nothing can be kept here: {why}", _UNAVAILABLE)
    names = list(_hpcpy_numba.LEVELS)
    runnable = names[names.index(highest) :]
    for name in wanted or ():
        if name not in runnable:
            raise _WarmupError(
                f"--level {name}: this processor has {highest}, and the program is run",
                _UNAVAILABLE,
            )
    return [name for name in runnable if name in (wanted or runnable)]


def _run(file: Path, level: str, command: Sequence[str]) -> tuple[dict[str, str], dict[str, bytes]]:
    """Run the program in a process of its own; return its files, and what was compiled."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    own = {"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": "", "PYTHONHASHSEED": "0"}
    words: list[str | Path] = [sys.executable, "-m", __spec__.name, _ONE, file, *command]
    done = subprocess.run(words, env={**kept, **own}, check=False)
    if done.returncode or not file.exists():
        raise _WarmupError(
            f"{command[0]} ended with exit code {done.returncode} as of {level}; all is as before",
            _FAILED,
        )
    files, entries = marshal.loads(file.read_bytes())  # noqa: S302  # this program's own
    return files, entries


def _former(file: Path, stamp: bytes) -> dict[str, Any]:
    try:
        return _hpcpy_numba_kept.read(str(file), stamp)
    except (FileNotFoundError, ValueError):
        return {}


def _write(
    folder: Path, stamp: bytes, contents: dict[str, dict[str, Any]], scratch: Path
) -> dict[str, int]:
    """Write files whole, none before all have found room; return their sizes."""
    sizes = {}
    for name, content in contents.items():
        data = marshal.dumps((stamp, dict(sorted(content.items()))), 2)
        sizes[name] = (scratch / name).write_bytes(data)
        (scratch / name).chmod(0o644)
    for name in contents:
        (scratch / name).replace(folder / name)
    return sizes


def _count(entries: dict[str, bytes]) -> int:
    return sum(name.startswith(_hpcpy_numba_kept.PREFIX) for name in entries)


# The first word of the program's own process.
_ONE = "--one"


def _one(file: str, script: str, *arguments: str) -> None:
    from _hpcpy_numba_build import take_addresses_out  # noqa: PLC0415

    take_addresses_out()
    recorded: dict[str, bytes] = {}
    files: dict[str, str] = {}
    _hpcpy_numba.recorded, _hpcpy_numba_kept.recorded = recorded, files
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).absolute().parent)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    used = {
        path: digest
        for path, digest in files.items()
        if any(name.startswith(_hpcpy_numba_kept.PREFIX + digest) for name in recorded)
    }
    Path(file).write_bytes(marshal.dumps((used, recorded), 2))


if __name__ == "__main__":
    if sys.argv[1:2] == [_ONE]:
        _one(*sys.argv[2:])
    else:
        sys.exit(main())
