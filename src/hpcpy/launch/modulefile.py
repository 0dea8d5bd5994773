"""``hpcpy modulefile``: a module whose ``python`` is a SIF's, or the standalone file."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hpcpy.core import files, paths
from hpcpy.core.paths import project_version
from hpcpy.core.programs import captured
from hpcpy.launch.checks import is_program
from hpcpy.launch.controller import find_controller
from hpcpy.launch.engines import (
    bind_pair,
    exports,
    module_lines,
    own_disk_option,
    site_variables,
)
from hpcpy.launch.explain import NO_FUSE
from hpcpy.launch.layers import NAME, named_file
from hpcpy.launch.on_nodes import around, text
from hpcpy.launch.options import add_options, file_name, read_names
from hpcpy.launch.plan import KINDS, no_kind
from hpcpy.launch.running import (
    checked_image,
    engine_program,
    is_in_container,
    running_image,
    site_of,
    warn_of_engine,
)
from hpcpy.launch.shell import PLAIN, Expanded, quoted
from hpcpy.launch.site import AUTO, Site
from hpcpy_common.errors import UsageError
from hpcpy_common.programs import ended
from hpcpy_common.site_file import VARIABLE

# Runs any command of the image.
ANY = "hpcpy-exec"
# Of an engine: the first one is a script, and the others are links to it.
COMMANDS = {
    "apptainer": (ANY, "python", "python3", "mpiexec", "hpcpy"),
    "standalone": ("python", "python3", "mpiexec"),
}
# An image's own copy is read-only.
_FOLDER = paths.BUILD / "modules" if paths.IS_CHECKOUT else Path("modules")
_SRUN_SECONDS = 20.0
_ASK = 'write it where Slurm is, or put mpi = "pmi2" into a site file'
# Below it: what `module use` takes, beside each module's commands.
_MODULE_FILES = "modulefiles"


def module_name(value: str) -> str:
    """Return an option's value that names a module or its version, and nothing else to Lmod."""
    if re.fullmatch(r".*\.lua|.*\+.*|default|CVS|RCS|SCCS", value):
        what = f"{value} means something else to Lmod or Environment Modules"
        raise argparse.ArgumentTypeError(what)
    return file_name(value)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = f"Defaults are in brackets; {paths.CALLED} docs modules has more."
    add_options(parser, ("image", "site"))
    folder = f"the folder of the files ({Path(_FOLDER.parent.name, _FOLDER.name)})"
    parser.add_argument("--to", type=paths.folder, help=folder)
    parser.add_argument("--name", type=module_name, default="hpcpy", help="what users load (hpcpy)")
    help_ = "its version (hpcpy's)"
    parser.add_argument("--version", type=module_name, default=project_version(), help=help_)


def main(options: argparse.Namespace) -> int:
    """Write the wrappers and the module files, and say how to load them."""
    asked = read_names(options)
    site, running = site_of(asked), running_image()[1]
    is_own = is_program(asked.image or site.image or running)
    if site.engine != "apptainer" and not is_own:
        raise UsageError(
            f"SITE={site.name} has {site.engine}, and a module file is for Apptainer"
            " or hpcpy-python",
            hint=f"{paths.CALLED} batch writes a script for the other engines",
        )
    folder = _checked_folder(options)
    engine = "standalone" if is_own else "apptainer"
    image = checked_image(asked, site, engine, running)
    program = "" if is_own else engine_program(engine, site, is_run=True)
    programs = folder / options.name / options.version / "bin"
    script = own_script(image, site) if is_own else wrapper_script(image, program, site)
    file = folder / _MODULE_FILES / options.name / options.version
    site = replace(site, mpi=_kind_of_mpi(site, engine))
    module = module_text(options.name, image, programs, engine, site)
    os.umask(os.umask(0) | 0o002)  # what users run is not for everybody to change
    places = [files.places_named(each, files.ANOTHER_FOLDER) for each in (file.parent, programs)]
    with places[0], places[1], files.disk_errors(programs):
        _refuse_anothers_image(file, image)
        first, *links = (programs / name for name in COMMANDS[engine])
        for place in (first, *links):
            files.refuse_anothers(place, PLAIN, "command")
        # Begun first and there last: what cannot be written leaves no commands.
        with files.whole_file(file) as begun:
            begun.write_text(module, encoding="utf-8", errors="surrogateescape")
            begun.chmod(0o644)
            files.write_whole(first, script, 0o755)
            for link in links:
                files.relink(link, first)
    print(folder / _MODULE_FILES)
    _warn_of_closed(file, first, Path(image))
    use = f"module use {shlex.quote(str(folder / _MODULE_FILES))}"
    print(f"  to load it: {use} && module load {options.name}/{options.version}", file=sys.stderr)
    warn_of_engine(program, site)
    return 0


def _checked_folder(options: argparse.Namespace) -> Path:
    folder = paths.settled(options.to or _FOLDER)
    if re.search(r'[^!-~]|[:$;"\\\[\]{}]', str(folder)):
        hint = "no blanks, quotes, :, $ or [, nor letters that are not of English"
        raise UsageError(f"--to: {folder}: Lmod reads no module file there", hint=hint)
    return folder


def _refuse_anothers_image(file: Path, image: str) -> None:
    """Refuse a module file of another image."""
    written = files.refuse_anothers(file, _MARK, "module file")
    if written and _tcl(_RUN_IN.format(image)) not in written:
        hint = "name another version: VERSION=… or --version, or remove this file"
        raise UsageError(f"{file}: is the module file of another image", hint=hint)


def _warn_of_closed(*files_read: Path) -> None:
    """Say what keeps other users from the module, its image and the site files that they read."""
    remedies: dict[str, Path] = {}
    beside = Path(os.path.realpath(files_read[-1])).with_name(NAME)
    for file in (*files_read, beside, named_file()):
        # Not a reference; what is closed to you, too, a --site may have replaced.
        if file is None or not (file.is_absolute() and os.path.exists(file)):  # noqa: PTH110
            continue
        needed = [(file, stat.S_IROTH), *((above, stat.S_IXOTH) for above in file.parents)]
        if closed := [str(each) for each, bit in needed if not each.stat().st_mode & bit]:
            remedies.setdefault(f"chmod a+rX {shlex.join(closed)}", file)
    for remedy, file in remedies.items():
        print(f"  other users cannot read {file}: {remedy}", file=sys.stderr)


# A field alone on its line is some lines, or none.
_FIELD = re.compile(r"^@(\w+)@\n|@(\w+)@", re.MULTILINE)


def _filled(script: str, fields: dict[str, str]) -> str:
    return _FIELD.sub(lambda match: fields[match[1] or match[2]], script)


def wrapper_script(image: str, engine: str, site: Site) -> str:
    """Return the script behind ``python``, ``mpiexec`` … of a module: a command of a SIF."""
    options = [*own_disk_option(site)]
    for bind in site.binds:
        source = quoted(Expanded(bind.partition(":")[0]))
        word = quoted(Expanded(f"--bind={bind_pair(bind)}"))
        options.append(f"[ ! -e {source} ] || options+=({word})")
    options += [
        f"options+=({quoted(Expanded(word))})" for word in site.options.get("apptainer", ())
    ]
    shared = around("apptainer", site.node_local, image)
    fields = {
        **_fields(image, site, "APPTAINERENV_"),
        "any": ANY,
        "job": text("job_variables"),
        "engine": quoted(engine),
        "no_fuse": quoted(NO_FUSE),
        "options": _lines(options),
        "shared": _lines(line.shell for line in shared),
    }
    return _filled(text("module_command"), fields)


def own_script(image: str, site: Site) -> str:
    """Return the script behind ``python`` and ``mpiexec`` of the standalone file's module."""
    return _filled(text("module_own"), _fields(image, site, ""))


def _fields(image: str, site: Site, prefix: str) -> dict[str, str]:
    variables = []
    for name, value, why in site_variables(site):
        (line,) = exports([(name, value, why)], prefix)
        if_there = f"[ ! -d {quoted(value)} ] || " if name == "TMPDIR" else ""
        variables.append(f"{if_there}{line.shell}")
    return {
        "image": image,
        "quoted_image": quoted(image),
        "setup": _lines(line.shell for line in module_lines(replace(site, modules=()))),
        "variables": _lines(variables),
        "plain": f"{PLAIN}\n",
    }


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# The head of module.tcl, and a part of what its @about@ becomes.
_MARK = "#%Module1.0\n# Written by `hpcpy modulefile`."
_RUN_IN = " run in {}. "


def _kind_of_mpi(site: Site, engine: str) -> str:
    """Return the kind of MPI for srun; this Slurm is asked here, and not at each load."""
    if (kind := site.kind_of_mpi(engine)) != AUTO:
        return kind
    slurm, why = find_controller(site.name, os.environ), "no srun here to ask"
    if slurm.command("srun") and not is_in_container():
        done = captured(("srun", "--mpi=list"), env=slurm.environment, seconds=_SRUN_SECONDS)
        # Old ones name their kinds on stderr; an error names one, too.
        lines = f"{done.stdout}\n{done.stderr}".splitlines()
        listed = re.split(r"[\s,]+", " ".join(line for line in lines if "error:" not in line))
        if known := [kind for kind in KINDS[engine] if kind in listed]:
            return known[0]
        if not done.returncode:
            remedy = 'put mpi = "…" into a site file'
            print(f"  {no_kind(engine, remedy)}", file=sys.stderr)
            return ""
        said = done.stderr.strip() or ended(done.returncode)
        why = f"srun --mpi=list: {said.splitlines()[-1]}"
    print(f"  {why}: the module names no kind of MPI; {_ASK}", file=sys.stderr)
    return ""


def module_text(name: str, image: str, programs: Path, engine: str, site: Site) -> str:
    """Return the module file of an engine's commands, which lie in a folder."""
    about = (
        f"{', '.join(COMMANDS[engine])}{_RUN_IN.format(image)}"
        "Ranks of an MPI program: srun python -m mpi4py my-mpi.py"
    )
    site_file = named_file()
    fields = {
        "about": _tcl(about),
        "name": name,
        # A module that is there already stays when this module goes.
        "needs": _lines(
            f"if {{![is-loaded {needed}]}} {{ module load {needed} }}"
            for needed in map(_tcl, site.modules)
        ),
        "mpi": f"setenv SLURM_MPI_TYPE {_tcl(site.mpi)}\n" if site.mpi else "",
        "site": f"setenv {VARIABLE} {_tcl(str(site_file))}\n" if site_file else "",
        "programs": _tcl(str(programs)),
    }
    return _filled(text("module", ending=".tcl"), fields)


def _tcl(word: str) -> str:
    # A backslash takes the meaning of what follows, unless that is a letter or a digit.
    return re.sub(r"[^\w/.:=+,-]", r"\\\g<0>", word)
