"""``hpcpy modulefile NAME=value …``: a module whose ``python`` is a SIF's."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.engine.prefix import relink
from hpcpy.errors import UsageError
from hpcpy.files import disk_errors, whole_file
from hpcpy.launch.meanings import add_settings
from hpcpy.launch.site import find_site
from hpcpy.version import project_version
from hpcpy.wrap import MODULEFILE
from hpcpy.wrap.settings import (
    apptainer_program,
    checked_image,
    file_name,
    parse,
    target,
    warn_of_checkout,
)
from hpcpy.wrap.wrapper import ANY, NAMES, wrapper_script

_NOT_IN_PATHS = re.compile(r'[:;"$\[\]{}\\]')


@dataclass(frozen=True)
class Module:
    """A module: what a module file tells, and does.

    Parameters
    ----------
    name, version
        By which it is loaded.
    image
        The SIF.
    programs
        The folder of its wrappers, which goes to the front of PATH.
    mpi
        ``srun --mpi`` of its users' steps; empty leaves it to the site.
    needs
        Modules that are loaded with it.
    """

    name: str
    version: str
    image: str
    programs: str
    mpi: str = ""
    needs: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What ``module help`` prints."""
        return (
            f"{', '.join(NAMES)} and {ANY} COMMAND run in {self.image}. "
            "Ranks of an MPI program: srun python -m mpi4py my-mpi.py"
        )


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_settings(parser, MODULEFILE, "modules.md")


def main(options: argparse.Namespace) -> int:
    """Write the wrappers and the module files, and say how to load them.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UsageError
        When a setting is wrong, or the site's engine is not Apptainer.
    """
    given = parse(options.settings, MODULEFILE)
    site = find_site(given.get("SITE", "local"))
    if site.engine != "apptainer":
        raise UsageError(
            f"SITE={site.name} has {site.engine}, and a module file is for Apptainer",
            hint="make launch writes the commands of the other engines",
        )
    folder = target(given, paths.BUILD / "modules")
    if odd := _NOT_IN_PATHS.search(str(folder)):
        raise UsageError(f"TO={folder} has {odd[0]!r}, which PATH or Tcl gives a meaning to")
    if " " in str(folder) and not str(folder).isascii():
        # Seen with such paths of 70 characters, and not with shorter ones of 40.
        raise UsageError(
            f"TO={folder} has a blank and a character that is not ASCII",
            hint="Lmod 8.7 loads such a module, and does not always unload it",
        )
    name = file_name(given, "NAME", "hpcpy")
    version = file_name(given, "VERSION", project_version())
    image = checked_image(given, site, "apptainer")
    programs = folder / name / version / "bin"
    program = apptainer_program(site)
    _write(programs / ANY, wrapper_script(image, program, site), mode=0o755)
    with disk_errors(programs):
        for one in NAMES:
            relink(programs / one, programs / ANY)
    module = Module(name, version, image, str(programs), site.mpi, site.modules)
    files = folder / "modulefiles"
    _write(files / name / version, tcl_text(module))
    _write(files / name / f"{version}.lua", lua_text(module))
    print(files)
    use = f"module use {shlex.quote(str(files))} && module load {name}/{version}"
    print(f"  to load it: {use}", file=sys.stderr)
    warn_of_checkout(program)
    return 0


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
    path.chmod(mode)


def tcl_text(module: Module) -> str:
    """Return the file for Environment Modules, which Lmod reads, too."""
    lines = [
        "#%Module1.0",
        f"proc ModulesHelp {{}} {{ puts stderr {_tcl(module.about)} }}",
        f"module-whatis {_tcl(f'Name: {module.name}')}",
        f"module-whatis {_tcl(f'Version: {module.version}')}",
        f"module-whatis {_tcl(f'Description: Python of {module.image}')}",
        f"conflict {_tcl(module.name)}",
    ]
    # One that is there already stays when this module goes.
    lines += [
        f"if {{![is-loaded {_tcl(name)}]}} {{ module load {_tcl(name)} }}" for name in module.needs
    ]
    lines += [f"setenv {name} {_tcl(value)}" for name, value in _variables(module)]
    return _text([*lines, f"prepend-path PATH {_tcl(module.programs)}"])


def lua_text(module: Module) -> str:
    """Return the file for Lmod alone: it may have been built without Tcl."""
    lines = [
        f"help({_lua(module.about)})",
        f"whatis({_lua(f'Name: {module.name}')})",
        f"whatis({_lua(f'Version: {module.version}')})",
        f"whatis({_lua(f'Description: Python of {module.image}')})",
        f"conflict({_lua(module.name)})",
    ]
    lines += [f"depends_on({_lua(name)})" for name in module.needs]
    lines += [f"setenv({_lua(name)}, {_lua(value)})" for name, value in _variables(module)]
    return _text([*lines, f"prepend_path({_lua('PATH')}, {_lua(module.programs)})"])


def _variables(module: Module) -> list[tuple[str, str]]:
    """Return what `srun` reads: the kind of MPI, and that a rank that dies ends all."""
    mpi = [("SLURM_MPI_TYPE", module.mpi)] if module.mpi else []
    return [*mpi, ("SLURM_KILL_BAD_EXIT", "1")]


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _tcl(word: str) -> str:
    # A backslash takes the meaning of what follows, unless that is a letter or a digit.
    return re.sub(r"[^\w/.:=+,-]", r"\\\g<0>", word)


def _lua(word: str) -> str:
    return '"' + re.sub(r'["\\]', r"\\\g<0>", word) + '"'
