"""``hpcpy kernelspec``: the image's Python as a kernel of Jupyter."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import ANOTHER_FOLDER, places_named, refuse_anothers, write_whole
from hpcpy.core.parser import one_of, text
from hpcpy.launch.checks import is_program
from hpcpy.launch.engines import KERNELS, module_lines
from hpcpy.launch.options import Request, add_options, file_name, read_names
from hpcpy.launch.running import (
    checked_image,
    engine_program,
    running_image,
    site_of,
    warn_of_engine,
)
from hpcpy.launch.shell import PLAIN, Expanded, HostFacts, option
from hpcpy.launch.site import Site
from hpcpy_common.errors import UsageError

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
    asked = read_names(options)
    site = site_of(asked)
    engine = asked.engine or site.engine
    if engine not in KERNELS:
        raise UsageError(f"ENGINE={engine} cannot start a kernel")
    if asked.image and is_program(asked.image):
        hint = "a kernel starts in a SIF: IMAGE=…"
        raise UsageError(f"IMAGE={asked.image}: is a program", hint=hint)
    running = dict([running_image()]).get(engine, "")
    image = checked_image(asked, site, engine, running)
    is_apptainer = engine == "apptainer"
    program = engine_program(engine, site, is_run=True) if is_apptainer else engine
    host = HostFacts("", program, image)
    folder = paths.settled(options.to or user_kernels())
    path = folder / options.name.lower() / "kernel.json"
    spec = kernel_spec(
        replace(asked, engine=engine), site, host, options.title or f"Python ({options.name})"
    )
    os.umask(os.umask(0) | 0o002)  # what users run is not for everybody to change
    with places_named(path.parent, ANOTHER_FOLDER):
        kernel = f"{json.dumps(spec, indent=2, ensure_ascii=False)}\n"
        if not kernel.startswith(refuse_anothers(path, PLAIN, "kernel")):
            remark = "replaces the kernel of this name; another --name keeps both"
            print(f"hpcpy kernelspec: {remark}", file=sys.stderr)
        write_whole(path, kernel)
    print(path)
    warn_of_engine(program, site)
    return 0


def user_kernels() -> Path:
    """Return the folder of a user's own kernels, as ``jupyter --paths`` has it."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    own = "~/.local/share/jupyter"
    # As Jupyter does, the variable is taken as it is.
    return (Path(data) if data else paths.in_home("kernels", own, "JUPYTER_DATA_DIR")) / "kernels"


def kernel_spec(request: Request, site: Site, host: HostFacts, title: str) -> dict[str, object]:
    """Return what ``kernel.json`` holds."""
    return {
        "argv": _argv(request, site, host),
        "display_name": title,
        "language": "python",
        # A message reaches the kernel by any engine; a signal does not get through podman.
        "interrupt_mode": "message",
        # The hub's own, for another Python.
        "env": {"PYTHONHOME": "", "PYTHONPATH": ""},
        "metadata": {"debugger": True},
    }


def _argv(request: Request, site: Site, host: HostFacts) -> list[str]:
    starting, start = KERNELS[request.engine](request, site, host)
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
