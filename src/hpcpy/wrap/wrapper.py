"""The script behind ``python``, ``mpiexec`` … of a module: a command of a SIF."""

from __future__ import annotations

from collections.abc import Iterator

from hpcpy.launch.plan import site_variables
from hpcpy.launch.sharing import around_the_program, before_the_engine
from hpcpy.launch.site import Site
from hpcpy.launch.words import Expanded, quoted

# Runs any command of the image; the same file under one of `NAMES` runs that command.
ANY = "hpcpy-exec"
NAMES = ("python", "python3", "mpiexec", "hpcpy")


def wrapper_script(image: str, engine: str, site: Site) -> str:
    """Return the script.

    Parameters
    ----------
    image
        The SIF, by its absolute path.
    engine
        Apptainer's command.
    site
        Its binds and variables, and the folder of a node's own disk.
    """
    return "".join(f"{line}\n" for line in _lines(image, engine, site))


def _lines(image: str, engine: str, site: Site) -> Iterator[str]:
    yield "#!/bin/bash"
    yield f"# Commands of {image}, written by `hpcpy modulefile`: the name that this"
    yield f"# file is called by, or the words after {ANY}."
    for shell in site.setup:
        yield f"{shell} || exit 69  # site {site.name}"
    yield "name=${0##*/}"
    yield f'[ "$name" = {ANY} ] || set -- "$name" "$@"'
    yield f'[ $# -gt 0 ] || {{ echo "usage: {ANY} COMMAND [ARGUMENT …]" >&2; exit 2; }}'
    yield "options=()"
    # A login node may lack a folder of the compute nodes; Apptainer would refuse to start.
    for bind in site.binds:
        source, _, inside = bind.partition(":")
        text = quoted(Expanded(f"--bind={source}:{inside or source}"))
        yield f"[ ! -e {quoted(Expanded(source))} ] || options+=({text})"
    for one in site_variables(site):
        export = f"export APPTAINERENV_{one.name}={quoted(one.value)}"
        is_folder = one.name == "TMPDIR"
        yield f"[ ! -d {quoted(one.value)} ] || {export}" if is_folder else export
    yield "[ ! -e /dev/nvidiactl ] || options+=(--nv)  # the host's NVIDIA driver"
    yield from (
        f"options+=({quoted(Expanded(word))})" for word in site.options.get("apptainer", ())
    )
    yield f"image={quoted(image)}"
    yield f"engine={quoted(engine)}"
    # Where a node has several ranks: one mount of the image a node, and MPI reads a
    # neighbour's memory.  The rest is as `make launch` has it.
    yield 'if [ "${SLURM_STEP_NUM_TASKS:-1}" -gt "${SLURM_STEP_NUM_NODES:-1}" ]; then'
    yield f"at_node={quoted(before_the_engine(site.node_local))}"
    yield f"in_container={quoted(around_the_program())}"
    yield (
        'exec bash -c "$at_node" "$engine" exec --sharens "${options[@]}" "$image" '
        'bash -c "$in_container" "$@"'
    )
    yield "fi"
    yield 'exec "$engine" exec "${options[@]}" "$image" "$@"'
