"""Lmod and Environment Modules of Debian, unpacked below ``build/tools`` for tests.

To install either would give all users of the machine a ``module`` command.  Both
are scripts of an interpreter that needs a newer C library than many hosts have:
it is started by the loader that is unpacked with it.
"""

import re
import shlex
import shutil
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import MIB, disk_errors, require_free, scratch_dir
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import Stage, stage
from hpcpy.engine.prefix import command
from hpcpy.fetch.debian import fetch_newest
from hpcpy.pins.model import ARCHITECTURES, Architecture, host_arch
from running import executable

RECIPE = 1
_NEEDED = 60 * MIB
# Resolved separately, as the packages conflict.
_LMOD = (
    *("lmod", "lua5.3", "lua-posix", "lua-filesystem", "lua-term", "lua-bit32", "lua-json"),
    *("lua-lpeg", "libtcl8.6", "libreadline8t64", "libtinfo6", "libcrypt1", "libc6", "zlib1g"),
)
_MODULES = ("environment-modules", "tcl8.6", "libtcl8.6", "libc6", "zlib1g")
# What Lmod's scripts have as absolute paths.
_ITS_PLACES = r"/usr/(?=share/lua/|lib/[^/\"]+/lua/|share/lmod|lib/lmod|bin/lua5)"


def folder() -> Path:
    """Return the place of both, whether or not they are there."""
    return paths.TOOLS / "modules"


def stamp() -> str:
    """Return what tells a folder made here by this recipe from any other."""
    return f"recipe {RECIPE}\nfolder {folder()}\n"


def is_ready() -> bool:
    """Tell whether both are whole and were made for this place."""
    try:
        return (folder() / "stamp").read_bytes() == stamp().encode() and command("lmod").exists()
    except OSError:
        return False


def provided(program: str) -> Path:
    """Have both, and return ``lmod`` or ``modulecmd``."""
    provide()
    return command(program)


def provide() -> None:
    """Unpack both unless they are there, and write their commands.

    A shell's ``module`` function calls them so: ``eval "$(lmod bash load NAME)"``.
    """
    arch = ARCHITECTURES[host_arch()]
    with checkout_lock():
        if is_ready():
            return
        require_free(paths.TOOLS, _NEEDED, "Lmod and Environment Modules")
        with stage("provide Lmod and Environment Modules under build/tools") as current:
            _make(arch, current)


def _make(arch: Architecture, current: Stage) -> None:
    with disk_errors(paths.TOOLS), scratch_dir(paths.TOOLS, ".modules") as scratch:
        for packages in (_LMOD, _MODULES):
            for deb in fetch_newest(frozenset(packages), arch.debian):
                current.run(["dpkg-deb", "--extract", deb, scratch / "made"])
        _move_lmod(scratch / "made/usr/share/lmod")
        (scratch / "made/stamp").write_text(stamp())
        shutil.rmtree(folder(), ignore_errors=True)
        (scratch / "made").rename(folder())
        _write_commands(arch)


def _move_lmod(lmod: Path) -> None:
    for path in lmod.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            moved = re.sub(_ITS_PLACES, f"{folder()}/usr/", text)
            path.write_text(moved, encoding="utf-8", errors="surrogateescape")


def _write_commands(arch: Architecture) -> None:
    usr = folder() / "usr"
    loader = [folder() / arch.loader, "--library-path", folder() / arch.libraries]
    commands = {
        "lmod": (usr / "bin/lua5.3", usr / "share/lmod/lmod/libexec/lmod"),
        "modulecmd": (usr / "bin/tclsh8.6", folder() / arch.libraries / "modulecmd.tcl"),
    }
    for name, (interpreter, script) in commands.items():
        words = shlex.join(map(str, [*loader, interpreter, script]))
        tcl = shlex.quote(str(usr / "share/tcltk/tcl8.6"))
        text = f'#!/bin/sh\nexport TCL_LIBRARY={tcl}\nexec {words} "$@"\n'
        executable(command(name), text)
