"""Run a program for `hpcpy_warmup`, in a process of its own for each level or GPU."""

from __future__ import annotations

import marshal
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import _hpcpy_caches
import _hpcpy_kernel_files

# PoCL's name for each level.
_POCL = {"x86-64-v4": "avx512", "x86-64-v3": "avx2", "x86-64-v2": "sse41"}
_POCL |= {"neoverse-v2": "GENERIC", "generic": "GENERIC"}


def cache(scratch: Path, module: str) -> Path:
    """Return the folder that a package of `_hpcpy_kernel_files.PACKAGES` writes to."""
    return scratch / f"files of {module}"


def run(
    scratch: Path, target: str, command: Sequence[str]
) -> tuple[int, dict[str, str], dict[str, bytes]]:
    """Run a program for a level of processors, or compile its kernels for a GPU's architecture.

    Returns its exit code, 1 if it left no result; the files whose functions numba has
    compiled, each with its hash; and machine code by the name under which it is kept.
    """
    made = scratch / f"made for {target}"
    variables = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    for module, package in _hpcpy_kernel_files.PACKAGES.items():
        folder = cache(scratch, module)
        folder.mkdir(exist_ok=True)
        variables[_hpcpy_caches.VARIABLES[package]] = str(folder)
    if target in _POCL:
        own = {"NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": "", "PYTHONHASHSEED": "0"}
        variables |= own | {"POCL_KERNELLIB_NAME": _POCL[target]}
    words: list[str | Path] = [sys.executable, "-m", __spec__.name, made, target, *command]
    code = subprocess.run(words, env=variables, check=False).returncode
    if code or not made.exists():
        return code or 1, {}, {}
    files, entries = marshal.loads(made.read_bytes())  # noqa: S302  # this program's own
    return 0, files, entries


def _main(made: str, target: str, script: str, *arguments: str) -> None:
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).absolute().parent)
    files: dict[str, str] = {}
    recorded: dict[str, bytes] = {}
    if target in _POCL:
        files, recorded = _run_recorded(script)
    else:
        import _hpcpy_cubins  # noqa: PLC0415

        _hpcpy_cubins.compile_for(target, script)
    Path(made).write_bytes(marshal.dumps((files, recorded), 2))


def _run_recorded(script: str) -> tuple[dict[str, str], dict[str, bytes]]:
    import _hpcpy_numba  # noqa: PLC0415
    import _hpcpy_numba_users  # noqa: PLC0415
    from _hpcpy_numba_build import take_addresses_out  # noqa: PLC0415

    take_addresses_out()
    recorded: dict[str, bytes] = {}
    files: dict[str, str] = {}
    _hpcpy_numba.recorded, _hpcpy_numba_users.recorded = recorded, files
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    used = {
        path: digest
        for path, digest in files.items()
        if any(name.startswith(_hpcpy_numba_users.PREFIX + digest) for name in recorded)
    }
    return used, recorded


if __name__ == "__main__":
    _main(*sys.argv[1:])
