"""Lmod and Environment Modules, of Debian's packages, as a shell has them."""

import re
import shlex
from pathlib import Path

import pytest
from debian_tools import unpacked

from hpcpy.pins.model import ARCHITECTURES, host_arch
from hpcpy_common.errors import UnavailableError
from running import executable

# What Lmod's scripts have as absolute paths.
_ITS_PLACES = r"/usr/(?=share/lua/|lib/[^/\"]+/lua/|share/lmod|lib/lmod|bin/lua5)"


def finish(made: Path, final: Path) -> None:
    """Move Lmod's scripts, and write ``lmod`` and ``modulecmd``.

    A shell's ``module`` function calls them so: ``eval "$(lmod bash load NAME)"``.
    """
    for path in (made / "usr/share/lmod").rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            moved = re.sub(_ITS_PLACES, f"{final}/usr/", text)
            path.write_text(moved, encoding="utf-8", errors="surrogateescape")
    arch, usr = ARCHITECTURES[host_arch()], final / "usr"
    loader = [final / arch.loader, "--library-path", final / arch.libraries]
    commands = {
        "lmod": (usr / "bin/lua5.3", usr / "share/lmod/lmod/libexec/lmod"),
        "modulecmd": (usr / "bin/tclsh8.6", final / arch.libraries / "modulecmd.tcl"),
    }
    for name, (interpreter, script) in commands.items():
        words = shlex.join(map(str, [*loader, interpreter, script]))
        tcl = shlex.quote(str(usr / "share/tcltk/tcl8.6"))
        text = f'#!/bin/sh\nexport TCL_LIBRARY={tcl}\nexec {words} "$@"\n'
        executable(made / name, text)


def module_function(system: str) -> str:
    """Return the shell's function ``module`` of ``lmod`` or ``modulecmd``; skip without them."""
    try:
        program = unpacked("modules", finish) / system
    except UnavailableError as error:
        pytest.skip(str(error))
    return f'module() {{ eval "$({shlex.quote(str(program))} bash "$@")"; }}\n'
