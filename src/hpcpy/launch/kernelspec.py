"""``hpcpy kernelspec``: the image's Python as a kernel of Jupyter."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import ANOTHER_FOLDER, places_named, refuse_anothers, write_whole
from hpcpy.core.parser import one_of, text
from hpcpy.launch.checks import is_program
from hpcpy.launch.command import engine_program
from hpcpy.launch.engines import KERNELS, Container, module_lines, site_variables
from hpcpy.launch.modulefile import checked_image, file_name, warn_of_engine
from hpcpy.launch.options import add_options
from hpcpy.launch.running import named_or_running, running_image
from hpcpy.launch.shell import PLAIN, Expanded, option
from hpcpy.launch.site import Site, find_site

# Jupyter puts the file's path here.
CONNECTION = "{connection_file}"
_KERNEL = ("python3", "-m", "ipykernel_launcher", "-f")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = f"Defaults are in brackets; {paths.CALLED} docs jupyter has more."
    add_options(parser, ("image", "site"))
    engines = "apptainer, podman-hpc, shifter or podman (the site's)"
    parser.add_argument("--engine", type=one_of(KERNELS), default="", help=engines)
    gpus = "1: mount the host's NVIDIA driver"
    parser.add_argument("--gpus", type=int, choices=(0, 1), default=0, help=gpus)
    folder = "the folder of kernels (Jupyter's own for this user)"
    parser.add_argument("--to", type=paths.folder, help=folder)
    parser.add_argument(
        "--name", type=file_name, default="hpcpy", help="the kernel's folder (hpcpy)"
    )
    parser.add_argument(
        "--title", type=text, default="", help="its name in Jupyter (Python (hpcpy))"
    )


def main(options: argparse.Namespace) -> int:
    """Write ``kernel.json`` where Jupyter looks for a user's kernels."""
    asked = getattr(options, "image", "")
    site = find_site(getattr(options, "site", ""), named_or_running(asked))
    engine = options.engine or site.engine
    if engine not in KERNELS:
        raise UsageError(f"ENGINE={engine} cannot start a kernel")
    # By engine what this runs in.
    running = "" if paths.IS_CHECKOUT else dict([running_image()]).get(engine, "")
    if asked and is_program(asked):
        raise UsageError(f"IMAGE={asked}: is a program", hint="a kernel starts in a SIF: IMAGE=…")
    is_sites = bool(site.image and not asked)
    image = checked_image(asked or site.image or running, engine, is_sites=is_sites)
    is_apptainer = engine == "apptainer"
    program = engine_program(engine, site, is_run=True) if is_apptainer else engine
    container = Container(program, image, "", options.gpus == 1, site_variables(site))
    folder = paths.settled(options.to or user_kernels())
    path = folder / options.name.lower() / "kernel.json"
    spec = kernel_spec(engine, container, site, options.title or f"Python ({options.name})")
    os.umask(os.umask(0) | 0o002)  # what users run is not for everybody to change
    with places_named(path.parent, ANOTHER_FOLDER):
        refuse_anothers(path, PLAIN, "kernel")
        write_whole(path, f"{json.dumps(spec, indent=2, ensure_ascii=False)}\n")
    print(path)
    warn_of_engine(program, site)
    return 0


def user_kernels() -> Path:
    """Return the folder of a user's own kernels, as ``jupyter --paths`` has it."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    own = "~/.local/share/jupyter"
    # As Jupyter does, the variable is taken as it is.
    return (Path(data) if data else paths.in_home("kernels", own, "JUPYTER_DATA_DIR")) / "kernels"


def kernel_spec(engine: str, container: Container, site: Site, title: str) -> dict[str, object]:
    """Return what ``kernel.json`` holds."""
    return {
        "argv": _argv(engine, container, site),
        "display_name": title,
        "language": "python",
        # A message reaches the kernel by any engine; a signal does not get through podman.
        "interrupt_mode": "message",
        # The hub's own, for another Python.
        "env": {"PYTHONHOME": "", "PYTHONPATH": ""},
        "metadata": {"debugger": True},
    }


def _argv(engine: str, container: Container, site: Site) -> list[str]:
    starting, start = KERNELS[engine](container, site)
    lines = [line.shell for line in (*module_lines(site), *starting)]
    options = [*start, option(*_KERNEL, Expanded("$connection_file"))]
    # Only a shell knows $NAME.
    script = [
        PLAIN,
        "connection_file=$0",
        *lines,
        f"exec {' '.join(line.shell for line in options)}",
    ]
    return ["bash", "-c", "\n".join(script), CONNECTION]
