"""``python -m hpcpy_warmup SCRIPT [ARGUMENT …]``: keep what is compiled for a program.

The program is run once for each level that this processor has (_hpcpy_numba.LEVELS): numba and PoCL
then compile for that level.  What numba compiles is kept (`_hpcpy_numba_users`), and so
are the files that PoCL, CuPy and numba-cuda write (`_hpcpy_kernel_files`).
"""

from __future__ import annotations

import argparse
import marshal
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _hpcpy_kernel_files
import _hpcpy_numba
import _hpcpy_numba_users
import _hpcpy_warmup_run
from _hpcpy_numba_needs import IS_STOCK

_FAILED, _UNAVAILABLE, _NOT_WRITABLE, _STOPPED = 1, 69, 73, 130
_CODES = """exit codes: 1 the program failed, 2 usage, 69 a processor of no level, or nothing
to keep, 73 the folder cannot be written, 130 stopped. After each of them all is as before."""


class _WarmupError(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(__import__("workloads.version").version.line("hpcpy_warmup"))
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hpcpy_warmup",
        description=(
            "Runs a program and keeps what is compiled for it (numba's functions with "
            "cache=True, kernels of OpenCL, CuPy and numba-cuda) in a folder that all ranks "
            "read. See docs/how-to/numba.md."
        ),
        epilog=_CODES,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=_folder,
        required=not _hpcpy_numba_users.FOLDER,
        default=_hpcpy_numba_users.FOLDER,
        help="where to; HPCPY_KERNELS names it when programs run, and here by default",
    )
    parser.add_argument(
        "--level",
        action="append",
        choices=list(_hpcpy_numba.LEVELS),
        help="for processors of this level and above (again for several; default: all levels "
        "that this one has)",
    )
    parser.add_argument(
        "--cuda",
        action="append",
        type=_architecture,
        metavar="sm_90",
        help="for GPUs of this architecture (again for several), without one: the program is "
        "imported and not run, and its CuPy and numba-cuda kernels are compiled",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    parser.add_argument("script", type=Path, metavar="SCRIPT")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if text == "-" or (os.path.exists(path) and not os.path.isdir(path)):
        raise argparse.ArgumentTypeError(f"{text}: is no folder, and several files are written")
    return path


def _architecture(text: str) -> str:
    if not re.fullmatch(r"sm_[1-9][0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"{text}: a GPU's architecture looks like sm_90")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a program for each level and write the folder; return an exit code of `--help`."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.script.is_file():
        parser.error(f"{options.script}: no such file")
    try:
        levels = [] if options.cuda and not options.level else _levels(options.level)
        command = [str(options.script), *options.arguments]
        _warm_up(Path(options.to).absolute(), levels, options.cuda or (), command)
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


def _warm_up(
    folder: Path, levels: Sequence[str], architectures: Sequence[str], command: Sequence[str]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".warmup.") as name:
        scratch = Path(name)
        made = {level: _run(scratch, level, command) for level in levels}
        for architecture in architectures:
            _run(scratch, architecture, command)
        functions = _of_numba(folder, made)
        kernels = _of_files(folder, scratch)
        if not functions and not kernels:
            raise _WarmupError(
                f"{command[0]}: nothing to keep: no numba function with cache=True and no "
                "kernel of OpenCL, CuPy or numba-cuda was compiled",
                _UNAVAILABLE,
            )
        sizes = _write(folder, functions | kernels, scratch)
        for level in levels if functions else ():
            count = sum(name.startswith(_hpcpy_numba_users.PREFIX) for name in made[level][1])
            _say(level, count, "function", folder / f"{level}.bin", sizes)
        for module in _hpcpy_kernel_files.PACKAGES:
            if (file := folder / _hpcpy_kernel_files.name(module)).name in kernels:
                cache = _hpcpy_warmup_run.cache(scratch, module)
                count = len(_hpcpy_kernel_files.kernels(str(cache)))
                _say(module, count, "kernel", file, sizes)


def _run(
    scratch: Path, target: str, command: Sequence[str]
) -> tuple[dict[str, str], dict[str, bytes]]:
    code, files, entries = _hpcpy_warmup_run.run(scratch, target, command)
    if code:
        raise _WarmupError(
            f"{command[0]} ended with exit code {code} as of {target}; all is as before", _FAILED
        )
    return files, entries


def _of_numba(
    folder: Path, made: dict[str, tuple[dict[str, str], dict[str, bytes]]]
) -> dict[str, bytes]:
    """Return the files of numba's code, with what earlier runs have kept."""
    stamp = _hpcpy_numba.stamp()
    files = {path: digest for of_level in made.values() for path, digest in of_level[0].items()}
    if not files:
        return {}
    index = _former(folder / "index", stamp)
    changed = [index[path] for path in files if index.get(path, files[path]) != files[path]]
    contents: dict[str, dict[str, Any]] = {}
    for level, (_, entries) in made.items():
        kept = {
            key: value
            for key, value in _former(folder / f"{level}.bin", stamp).items()
            if not key.startswith(tuple(_hpcpy_numba_users.PREFIX + one for one in changed))
        }
        contents[f"{level}.bin"] = kept | entries
    # The index goes last: a rank that starts meanwhile compiles what it does not find.
    contents["index"] = index | files
    return {
        name: marshal.dumps((stamp, dict(sorted(content.items()))), 2)
        for name, content in contents.items()
    }


def _of_files(folder: Path, scratch: Path) -> dict[str, bytes]:
    """Return a file for each package with compiled kernels, with what earlier runs have kept."""
    contents = {}
    for module in _hpcpy_kernel_files.PACKAGES:
        cache = _hpcpy_warmup_run.cache(scratch, module)
        if _hpcpy_kernel_files.kernels(str(cache)):
            name = _hpcpy_kernel_files.name(module)
            try:
                kept = _hpcpy_kernel_files.read(str(folder / name))
            except (FileNotFoundError, ValueError):
                kept = {}
            files = (path for path in cache.rglob("*") if path.is_file() and path.stat().st_size)
            made = {str(path.relative_to(cache)): path.read_bytes() for path in files}
            contents[name] = _hpcpy_kernel_files.packed(kept | made)
    return contents


def _say(what: str, count: int, kind: str, file: Path, sizes: dict[str, int]) -> None:
    plural = "" if count == 1 else "s"
    print(f"{what}: {count} {kind}{plural}, {sizes[file.name]:,} bytes in {file}")


def _levels(wanted: Sequence[str] | None) -> list[str]:
    """Return the levels to keep code for: the wanted ones, by default all of this processor."""
    import llvmlite.binding as llvm  # noqa: PLC0415

    features = llvm.get_host_cpu_features().flatten()
    highest = _hpcpy_numba.level((llvm.get_process_triple(), llvm.get_host_cpu_name(), features))
    if not highest or IS_STOCK:
        why = "HPCPY_NUMBA=stock" if highest else "this processor has no level"
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


def _former(file: Path, stamp: bytes) -> dict[str, Any]:
    try:
        return _hpcpy_numba_users.read(str(file), stamp)
    except (FileNotFoundError, ValueError):
        return {}


def _write(folder: Path, contents: dict[str, bytes], scratch: Path) -> dict[str, int]:
    """Write files whole, and replace none before all have found room; return their sizes."""
    sizes = {}
    for name, data in contents.items():
        sizes[name] = (scratch / name).write_bytes(data)
        (scratch / name).chmod(0o644)
    for name in contents:
        (scratch / name).replace(folder / name)
    return sizes


if __name__ == "__main__":
    sys.exit(main())
