"""How each engine starts a rank, or a Jupyter kernel: its words, each with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import replace

from hpcpy.launch.on_nodes import around
from hpcpy.launch.options import Request
from hpcpy.launch.shell import Expanded, HostFacts, Line, option, quoted
from hpcpy.launch.site import IMAGES_OWN, Site

# What these options take for the end of a path; podman before 4.4 unquotes no --mount.
_SEPARATORS = {"--bind": frozenset(',:"\\'), "--volume": frozenset(":")}
# The host's NVIDIA driver.
_GPU_OPTIONS = {
    "apptainer": "--nv",
    "podman-hpc": "--gpu",
    "podman": "--device=nvidia.com/gpu=all",  # NVIDIA's CDI
    "shifter": "--module=gpu",
}


# An `exec` of a program runs no trap for EXIT, and a line of setup may set another one.  -T is for
# its functions, and for files that it reads.
_NAME_FAILED = Line(
    r"""trap '[ ! "$hpcpy_setup" ] || { echo "$hpcpy_setup" >&2; exit 69; }' EXIT
set -T; trap 'hpcpy_word=${BASH_COMMAND#builtin }; hpcpy_word=${hpcpy_word#command }
  case $BASH_SUBSHELL${hpcpy_word#\\} in 0exit | 0exit\ * | 0exec\ [!0-9{\<\>\&]*)
  echo "$hpcpy_setup" >&2; hpcpy_setup=; exit 69 ;; esac' DEBUG""",
    "a line of setup that fails is named, also if it ends this script, or takes its place",
)
# A name, a value, and why.
Variable = tuple[str, Expanded, str]
# Lines before the step, and the words before ``python3``.
Start = tuple[Iterable[Line], list[Line]]
Engine = Callable[[Request, Site, HostFacts], Start]


def site_variables(site: Site) -> list[Variable]:
    """Return the variables that a site sets for its ranks: TMPDIR first, if not on ``/tmp``."""
    own = []
    if site.node_local != "/tmp":  # noqa: S108
        why = "caches and temporary files on the node's own disk"
        own.append(("TMPDIR", Expanded(site.node_local), why))
    why = f"site {site.name}"
    return own + [(name, Expanded(value), why) for name, value in site.environment.items()]


def module_lines(site: Site) -> tuple[Line, ...]:
    """Return the lines that load a site's modules and run its setup; one that fails is named."""
    commands = [("modules", f"module load {quoted(name)}") for name in site.modules]
    if commands:  # a script's shell may have no `module`
        commands.insert(0, ("modules", "type module >/dev/null 2>&1 || . /etc/profile || true"))
    commands += [("setup", shell) for shell in site.setup]
    lines = []
    for key, shell in commands:
        named = quoted(f"hpcpy: setup of {site.files.get(key, site.name)} failed: {shell}")
        # In lines of their own: one may end with a comment, or with a semicolon.  It does not read
        # this script, or a program's input.
        script = f"hpcpy_setup={named}\n{{ {shell}\n}} </dev/null || exit 69"
        lines.append(Line(script, f"site {site.name}"))
    # What is after it is ours: `set -e` would end it where a wait has taken too long.
    end = Line("trap - DEBUG ERR EXIT; set +emT; hpcpy_setup=", "all is set up")
    return (_NAME_FAILED, *lines, end) if lines else ()


def bind_pair(bind: str) -> str:
    """Return a site's folder as ``HOST:INSIDE``."""
    return bind if ":" in bind else f"{bind}:{bind}"


def own_disk(site: Site) -> tuple[Expanded, ...]:
    """Return the folder of TMPDIR as ``HOST:INSIDE``, where no container has it by itself."""
    pair = Expanded(bind_pair(site.node_local))
    is_there = site.node_local == "/tmp" or pair in map(bind_pair, site.binds)  # noqa: S108
    return () if is_there else (pair,)


def own_disk_option(site: Site) -> tuple[str, ...]:
    """Return the line that adds Apptainer's option for it, where this machine has the folder."""
    place = quoted(Expanded(site.node_local))
    words = [quoted(Expanded(f"--bind={pair}")) for pair in own_disk(site)]
    return tuple(f"[ ! -d {place} ] || options+=({word})" for word in words)


def exports(variables: Iterable[Variable], prefix: str = "") -> list[Line]:
    """Return lines that export variables; Apptainer's own --env would cut a value at a comma."""
    return [Line(f"export {prefix}{name}={quoted(value)}", why) for name, value, why in variables]


def _apptainer(request: Request, site: Site, host: HostFacts) -> Start:
    """``apptainer exec``; the host's variables go in by themselves."""
    shared = "one mount of the image a node, not one a rank; MPI reads a neighbour's memory"
    words = [
        option("bash", "-pc", Expanded("$at_node"), why="see above"),
        option(host.program, "exec"),
        # --sharens does not always end cleanly (apptainer#2713), and brings one rank nothing.
        *([option("--sharens", why=shared)] if request.per_node > 1 else []),
        *_gpus(request, "apptainer"),
        *_binds(host, site, "--bind"),
        option(f"--pwd={host.folder}", why="as on the host"),
        *_extra(site, "apptainer"),
        option(host.image, why="the image"),
        option("bash", "-pc", Expanded("$in_container"), why="see above"),
    ]
    image = host.image if host.image.startswith("/") else ""
    lines = around("apptainer", site.node_local, image)
    return (*exports(site_variables(site), "APPTAINERENV_"), *lines), words


def _podman_hpc(request: Request, site: Site, host: HostFacts) -> Start:
    """``podman-hpc shared-run``: one container a node."""
    # Each podman-hpc module for MPI (mpi, cuda-mpi, openmpi-…) sets the options of
    # `_HOSTS_OWN`, too, and podman refuses a second --network.
    has_module = any("mpi" in word for word in site.options.get("podman-hpc", ()))
    first = [option(host.program, "shared-run"), *(() if has_module else _HOSTS_OWN)]
    own = option("--user=0:0", why="yourself, whatever user the image names; files are yours")
    return _in_podman(request, site, host, first, own)


def _podman(request: Request, site: Site, host: HostFacts) -> Start:
    """Plain ``podman run``: a container a rank."""
    no_reading = "each rank has a user namespace: no reading of the others' memory"
    own = option("--env=MPIR_CVAR_CH4_CMA_ENABLE=0", why=no_reading)
    first = [option(host.program, "--rm"), *_HOSTS_OWN]
    return _in_podman(request, site, host, first, own)


_HOSTS_OWN = (
    option("--network=host", why="MPI between nodes"),
    option("--ipc=host", "--pid=host", why="MPI within a node: shared memory"),
)


def _in_podman(
    request: Request, site: Site, host: HostFacts, first: list[Line], own: Line
) -> Start:
    words = [
        option("bash", "-pc", Expanded("$at_node"), why="see above"),
        *first,
        *_gpus(request, request.engine),
        *_extra(site, request.engine),
        *_binds(host, site, "--volume"),
        *(option(Expanded(f"--volume={pair}"), why="TMPDIR") for pair in own_disk(site)),
        option(f"--workdir={host.folder}", why="as on the host"),
        option("--env=SLURM_*", "--env=PMI*", why="where a rank finds out who it is"),
        option("--env=HPCPY_*", why="settings of this image that you may have"),
        own,
        *_variables(site_variables(site)),
        option(host.image, why="the image"),
        option("bash", "-pc", Expanded("$in_container"), "--", why="see above"),
    ]
    return around(request.engine), words


def _shifter(request: Request, site: Site, host: HostFacts) -> Start:
    """``shifter``; the host's variables go in by themselves, and the site's file systems."""
    # Of several --module Shifter takes the last: a site's brings the driver, too.
    has_module = any("--module=" in word for word in site.options.get("shifter", ()))
    words = [
        option(host.program),
        option(f"--image={host.image}", why="the image, as shifterimg pulled it"),
        *(() if has_module else _gpus(request, "shifter")),
        *_extra(site, "shifter"),
        *_site_binds(site, "--volume"),
        *_variables(row for row in site_variables(site) if row[1]),
    ]
    # Shifter refuses an empty --env, and hands the host's variables in.
    empty = exports(row for row in site_variables(site) if not row[1])
    return empty, words


def _none(_request: Request, site: Site, host: HostFacts) -> Start:
    """There is no container; ``env`` sets the variables: the job's shell keeps its own PATH."""
    words = [option("env", why="for the ranks"), *_variables(site_variables(site), "")]
    lines = [
        Line(f"cd {quoted(host.folder)} || exit 69", "wherever the script is submitted"),
        Line("export PYTHONNOUSERSITE=1", "nothing from ~/.local"),
    ]
    return lines, words if site_variables(site) else []


RANKS: dict[str, Engine] = {
    "apptainer": _apptainer,
    "podman-hpc": _podman_hpc,
    "shifter": _shifter,
    "podman": _podman,
    "standalone": _none,
    "none": _none,
}
# The file by which Jupyter tells a kernel its ports: wherever the hub keeps it.  Home may be
# bound, its folder for such files not.
_CONNECTION = "$connection_file"


def _apptainer_kernel(request: Request, site: Site, host: HostFacts) -> Start:
    words = [
        option(host.program, "exec"),
        *_gpus(request, "apptainer"),
        *_site_binds(site, "--bind"),
        option(Expanded(f"--bind={_CONNECTION}")),
        Line('"${options[@]}"', ""),
        *_extra(site, "apptainer"),
        option(host.image),
    ]
    lines = [Line(shell, "") for shell in ("options=()", *own_disk_option(site))]
    return (*lines, *exports(site_variables(site), "APPTAINERENV_")), words


def _shifter_kernel(request: Request, site: Site, host: HostFacts) -> Start:
    # A site's configuration mounts home, where the connection file is.
    return _shifter(request, replace(site, options={}), host)


def _podman_kernel(request: Request, site: Site, host: HostFacts) -> Start:
    words = [
        option(host.program, "run", "--rm", "--interactive"),
        # Jupyter connects to ports of the kernel.
        option("--network=host"),
        # Yourself, whatever user the image names; files are yours.
        option("--user=0:0"),
        *_gpus(request, request.engine),
        # podman takes a folder that is named twice for one.
        *(option(Expanded(f"--volume={path}:{path}")) for path in ("$HOME", "$PWD", _CONNECTION)),
        *_site_binds(site, "--volume"),
        *(option(Expanded(f"--volume={pair}")) for pair in own_disk(site)),
        option(Expanded("--workdir=$PWD")),
        option(Expanded("--env=HOME=$HOME")),
        *_variables(site_variables(site)),
        option(host.image),
    ]
    return [], words


# Of one process that is no rank: podman-hpc and Shifter are without the site's options, which
# bring its MPI.
KERNELS: dict[str, Engine] = {
    "apptainer": _apptainer_kernel,
    "podman-hpc": _podman_kernel,
    "shifter": _shifter_kernel,
    "podman": _podman_kernel,
}


def _extra(site: Site, engine: str) -> list[Line]:
    words = site.options.get(engine, ())
    return [option(Expanded(word), why=f"site {site.name}") for word in words]


def _binds(host: HostFacts, site: Site, name: str) -> list[Line]:
    """Return the working directory and the site's folders as ``name=HOST:INSIDE``."""
    file = site.promises_file
    promises = [] if not file or file.startswith(IMAGES_OWN) else [_bound(name, file, "ro")]
    why = "the working directory: the program's files, and what it writes"
    return [
        *(option(word, why="what the site promises") for word in promises),
        option(_bound(name, host.folder), why=why),
        *_site_binds(site, name),
    ]


def _bound(name: str, path: str, *flags: str) -> str:
    """Return the word that mounts a path under its own name, whatever characters it has."""
    if not set(path) & _SEPARATORS[name]:
        return f"{name}={':'.join((path, path, *flags))}"
    fields = io.StringIO()
    words = ("type=bind", f"source={path}", f"destination={path}", *flags)
    csv.writer(fields, lineterminator="").writerow(words)
    return f"--mount={fields.getvalue()}"


def _site_binds(site: Site, name: str) -> list[Line]:
    return [
        option(Expanded(f"{name}={bind_pair(bind)}"), why=f"site {site.name}")
        for bind in site.binds
    ]


def _gpus(request: Request, engine: str) -> list[Line]:
    why = "GPUS: the host's NVIDIA driver"
    return [option(_GPU_OPTIONS[engine], why=why)] if request.gpus else []


def _variables(variables: Iterable[Variable], before: str = "--env=") -> list[Line]:
    return [option(Expanded(f"{before}{name}={value}"), why=why) for name, value, why in variables]
