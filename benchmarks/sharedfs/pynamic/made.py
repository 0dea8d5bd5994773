"""Pynamic's modules, compiled by this machine's compiler for an image's Python."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hpcpy import paths
from hpcpy.errors import UnavailableError
from hpcpy.files import disk_errors, scratch_dir
from hpcpy.stages import Stage, skipped, stage
from sharedfs.pynamic import llnl
from sharedfs.pynamic.generate import DRIVER, Size, Sources, generate

_FOLDER = paths.BUILD / "pynamic"
# The number of modules counts, not their speed: to optimise would only take longer.
_OPTIONS = ("-shared", "-fPIC", "-O0", "-Wl,-rpath,$ORIGIN", "-L.")


def made(root: Path, size: Size | None = None, checkout: Path | None = None) -> Path:
    """Have the modules in a folder of ``build/pynamic``.

    Parameters
    ----------
    root
        An unpacked image, whose Python's headers are taken.
    size
        How much; NERSC's by default.
    checkout
        LLNL's own Pynamic; without it the modules are of our generator.

    Raises
    ------
    UnavailableError
        Without a compiler.
    UsageError
        When that is no checkout of Pynamic.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise UnavailableError("no C compiler for the program pynamic", hint="apt install gcc")
    (include,) = (root.resolve() / "opt/hpcpy/include").glob("python3.*")
    size = size or Size()
    ours = generate(size)
    driver = llnl.driver(size) if checkout else ours.driver
    texts = [driver, (include / "patchlevel.h").read_text()]
    if checkout:
        texts += [repr(size), (llnl.sources(checkout) / llnl.GENERATOR).read_text()]
    else:
        texts += [*ours.libraries.values(), *ours.modules.values()]
    folder = _FOLDER / hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
    if folder.exists():
        skipped("pynamic", "up to date")
        return folder
    with stage("pynamic") as current, disk_errors(_FOLDER):
        with scratch_dir(_FOLDER, "made") as scratch:
            compiled = scratch / "made"
            compiled.mkdir()
            if checkout:
                words = [compiler, str(include)]
                llnl.compile_into(compiled, current, checkout, size, words)
            else:
                _compile(current, [compiler, *_OPTIONS, f"-I{include}"], ours, compiled)
            (compiled / f"{DRIVER}.py").write_text(driver)
            compiled.rename(folder)
        current.note = f"{size.modules} modules, {size.libraries} libraries"
    return folder


def _compile(current: Stage, command: Sequence[str], sources: Sources, folder: Path) -> None:
    def one(target: str, text: str, needs: Sequence[str] = ()) -> None:
        linked = [f"-l{library}" for library in needs]
        words = [*command, "-x", "c", "-", "-o", target, *linked]
        current.run(words, cwd=folder, stdin=text.encode())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [
            pool.submit(one, f"lib{name}.so", text) for name, text in sources.libraries.items()
        ]:
            done.result()
        for done in [
            pool.submit(one, f"{name}.so", text, sources.needs[name])
            for name, text in sources.modules.items()
        ]:
            done.result()
