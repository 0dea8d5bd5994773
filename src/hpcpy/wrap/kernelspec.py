"""``hpcpy kernelspec NAME=value …``: the image's Python as a kernel of Jupyter."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from hpcpy.errors import UsageError
from hpcpy.files import whole_file
from hpcpy.launch.engines import Container, shifter
from hpcpy.launch.meanings import add_settings
from hpcpy.launch.plan import site_variables
from hpcpy.launch.request import meant
from hpcpy.launch.site import Site, find_site
from hpcpy.launch.words import Expanded, quoted
from hpcpy.wrap import KERNELSPEC
from hpcpy.wrap.settings import (
    apptainer_program,
    checked_image,
    file_name,
    parse,
    target,
    warn_of_checkout,
)

# Jupyter puts the file's path here.
CONNECTION = "{connection_file}"
_KERNEL = ("python3", "-m", "ipykernel_launcher", "-f")
_SECONDS = 120


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_settings(parser, KERNELSPEC, "jupyter.md")


def main(options: argparse.Namespace) -> int:
    """Write ``kernel.json`` where Jupyter looks for a user's kernels.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UsageError
        When a setting is wrong, or a SIF has no ipykernel.
    """
    given = parse(options.settings, KERNELSPEC)
    site = find_site(given.get("SITE", "local"))
    engine = given.get("ENGINE", site.engine)
    if engine not in WORDS:
        raise UsageError(f"ENGINE={engine} cannot start a kernel", hint=meant(engine, WORDS))
    if given.get("GPUS", "0") not in ("0", "1"):
        raise UsageError(f"GPUS={given['GPUS']} is neither 0 nor 1")
    image = checked_image(given, site, engine)
    program = apptainer_program(site) if engine == "apptainer" else engine
    container = Container(program, image, "", given.get("GPUS") == "1", site_variables(site))
    if engine == "apptainer" and not site.modules:
        _require_ipykernel(program, image)
    name = file_name(given, "NAME", "hpcpy")
    path = target(given, user_kernels()) / name.lower() / "kernel.json"
    spec = kernel_spec(engine, container, site, given.get("TITLE", f"Python ({name})"))
    with whole_file(path) as temporary:
        temporary.write_text(f"{json.dumps(spec, indent=2, ensure_ascii=False)}\n", "utf-8")
    print(path)
    warn_of_checkout(program)
    return 0


def user_kernels() -> Path:
    """Return the folder of a user's own kernels, as ``jupyter --paths`` has it."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    return (Path(data) if data else Path.home() / ".local/share/jupyter") / "kernels"


def _require_ipykernel(program: str, image: str) -> None:
    command = [program, "exec", image, "python3", "-c", "import ipykernel"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"IMAGE={image}: does not start ({error})") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UsageError(
            f"IMAGE={image}: its python3 has no ipykernel ({last})",
            hint="bake it: RUN python -m hpcpy_bake ipykernel (docs/bake.md)",
        )


def kernel_spec(engine: str, container: Container, site: Site, title: str) -> dict[str, object]:
    """Return what ``kernel.json`` holds.

    Parameters
    ----------
    engine
        One of `WORDS`.
    container
        The engine's program, the image, the variables of the site.
    site
        Its binds and options, its modules and lines of shell.
    title
        What Jupyter calls the kernel.
    """
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
    lines = [*_modules(site), *(f"{shell} || exit 69" for shell in site.setup)]
    lines += _mounted(site) if WORDS[engine] is _podman else []
    words = [*WORDS[engine](container, site), *_KERNEL, _CONNECTION]
    names = {name for word in words if isinstance(word, Expanded) for name in word.names}
    if not lines and names == {"connection_file"}:
        return [word.replace("$connection_file", CONNECTION) for word in words]
    # Only a shell knows $NAME.
    command = " ".join(word if isinstance(word, _Shell) else quoted(word) for word in words)
    script = ["connection_file=$0", *lines, f"exec {command}"]
    return ["bash", "-c", "\n".join(script), CONNECTION]


class _Shell(str):
    """Words of shell as they stand."""

    __slots__ = ()


_CONNECTION = Expanded("$connection_file")


def _modules(site: Site) -> list[str]:
    lines = [f"module load {quoted(name)} || exit 69" for name in site.modules]
    return ["type module >/dev/null 2>&1 || . /etc/profile", *lines] if lines else []


def _mounted(site: Site) -> list[str]:
    """Return shell that mounts home, the notebook's folder and the site's, each once."""
    more = " ".join(quoted(Expanded(bind)) for bind in site.binds if ":" not in bind)
    return [
        "mounts=()",
        f'for folder in "$HOME" "$PWD" {more}'.rstrip() + "; do",
        '  case " ${mounts[*]} " in *" --volume=$folder:$folder "*) continue ;; esac',
        '  mounts+=("--volume=$folder:$folder")',
        "done",
    ]


def _apptainer(container: Container, site: Site) -> list[str]:
    binds = (bind if ":" in bind else f"{bind}:{bind}" for bind in site.binds)
    return [
        *(container.program, "exec"),
        *(["--nv"] if container.has_gpus else []),
        *(Expanded(f"--bind={bind}") for bind in binds),
        # Wherever the hub keeps it: home may be bound, its folder for such files not.
        Expanded("--bind=$connection_file"),
        *(Expanded(f"--env={one.name}={one.value}") for one in container.variables),
        *(Expanded(word) for word in site.options.get("apptainer", ())),
        container.image,
    ]


def _shifter(container: Container, site: Site) -> list[str]:
    # A site's configuration mounts home, where the connection file is.
    alone = dataclasses.replace(site, options={})
    return [word for one in shifter(container, alone).words for word in one.words]


def _podman(container: Container, site: Site) -> list[str]:
    is_hpc = container.program == "podman-hpc"
    gpus = "--gpu" if is_hpc else "--device=nvidia.com/gpu=all"
    return [
        *(container.program, "run", "--rm", "--interactive"),
        # Jupyter connects to ports of the kernel.
        "--network=host",
        # Yourself, whatever user the image names; files are yours.
        "--user=0:0",
        *([gpus] if container.has_gpus else []),
        _Shell('"${mounts[@]}"'),
        *(Expanded(f"--volume={bind}") for bind in site.binds if ":" in bind),
        Expanded("--volume=$connection_file:$connection_file"),
        Expanded("--workdir=$PWD"),
        Expanded("--env=HOME=$HOME"),
        *(Expanded(f"--env={one.name}={one.value}") for one in container.variables),
        container.image,
    ]


# How each engine starts one process that is no rank: of podman-hpc and Shifter without
# the site's options, which bring its MPI.
WORDS: dict[str, Callable[[Container, Site], list[str]]] = {
    "apptainer": _apptainer,
    "podman-hpc": _podman,
    "shifter": _shifter,
    "podman": _podman,
}
