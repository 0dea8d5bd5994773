"""How each engine starts a rank, or a Jupyter kernel: its words, each with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hpcpy.launch.on_nodes import around
from hpcpy.launch.shell import Expanded, Line, Variable, option, quoted
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


@dataclass(frozen=True)
class Container:
    """What an engine has to know."""

    program: str  # The engine's program
    image: str  # A file or a reference; for ``standalone`` and ``none`` the interpreter
    folder: str  # The working directory, seen by the ranks under the same name
    has_gpus: bool  # Whether ranks have GPUs
    variables: tuple[Variable, ...]  # Variables that the ranks get
    is_shared: bool = False  # Whether a node has several ranks


# An `exec` of a program runs no trap for EXIT, and a line of setup may set another one.  -T is for
# its functions, and for files that it reads.
_NAME_FAILED = Line(
    r"""trap '[ ! "$hpcpy_setup" ] || { echo "$hpcpy_setup" >&2; exit 69; }' EXIT
set -T; trap 'hpcpy_word=${BASH_COMMAND#builtin }; hpcpy_word=${hpcpy_word#command }
  case $BASH_SUBSHELL${hpcpy_word#\\} in 0exit | 0exit\ * | 0exec\ [!0-9{\<\>\&]*)
  echo "$hpcpy_setup" >&2; hpcpy_setup=; exit 69 ;; esac' DEBUG""",
    "a line of setup that fails is named, also if it ends this script, or takes its place",
)
# Lines before the step, and the words before ``python3``.
Start = tuple[Iterable[Line], list[Line]]


def site_variables(site: Site) -> tuple[Variable, ...]:
    """Return the variables that a site sets for its ranks: TMPDIR first, if not on ``/tmp``."""
    own = []
    if site.node_local != "/tmp":  # noqa: S108
        why = "caches and temporary files on the node's own disk"
        own.append(Variable("TMPDIR", Expanded(site.node_local), why))
    given = [
        Variable(name, Expanded(value), f"site {site.name}")
        for name, value in site.environment.items()
    ]
    return (*own, *given)


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
    return [
        Line(f"export {prefix}{variable.name}={quoted(variable.value)}", variable.why)
        for variable in variables
    ]


def _apptainer(container: Container, site: Site) -> Start:
    """``apptainer exec``; the host's variables go in by themselves."""
    shared = "one mount of the image a node, not one a rank; MPI reads a neighbour's memory"
    words = [
        option("bash", "-pc", Expanded("$at_node"), why="see above"),
        option(container.program, "exec"),
        # --sharens does not always end cleanly (apptainer#2713), and brings one rank nothing.
        *([option("--sharens", why=shared)] if container.is_shared else []),
        *_gpus(container, "apptainer"),
        *_binds(container, site, "--bind"),
        option(f"--pwd={container.folder}", why="as on the host"),
        *_extra(site, "apptainer"),
        option(container.image, why="the image"),
        option("bash", "-pc", Expanded("$in_container"), why="see above"),
    ]
    image = container.image if container.image.startswith("/") else ""
    lines = around("apptainer", site.node_local, image)
    return (*exports(container.variables, "APPTAINERENV_"), *lines), words


def _podman_hpc(container: Container, site: Site) -> Start:
    """``podman-hpc shared-run``: one container a node."""
    # Each podman-hpc module for MPI (mpi, cuda-mpi, openmpi-…) sets the options of
    # `_HOSTS_OWN`, too, and podman refuses a second --network.
    has_module = any("mpi" in word for word in site.options.get("podman-hpc", ()))
    first = [option(container.program, "shared-run"), *(() if has_module else _HOSTS_OWN)]
    own = option("--user=0:0", why="yourself, whatever user the image names; files are yours")
    return _in_podman(container, site, "podman-hpc", first, own)


def _podman(container: Container, site: Site) -> Start:
    """Plain ``podman run``: a container a rank."""
    no_reading = "each rank has a user namespace: no reading of the others' memory"
    own = option("--env=MPIR_CVAR_CH4_CMA_ENABLE=0", why=no_reading)
    first = [option(container.program, "--rm"), *_HOSTS_OWN]
    return _in_podman(container, site, "podman", first, own)


_HOSTS_OWN = (
    option("--network=host", why="MPI between nodes"),
    option("--ipc=host", "--pid=host", why="MPI within a node: shared memory"),
)


def _in_podman(
    container: Container, site: Site, engine: str, first: list[Line], own: Line
) -> Start:
    words = [
        option("bash", "-pc", Expanded("$at_node"), why="see above"),
        *first,
        *_gpus(container, engine),
        *_extra(site, engine),
        *_binds(container, site, "--volume"),
        *(option(Expanded(f"--volume={pair}"), why="TMPDIR") for pair in own_disk(site)),
        option(f"--workdir={container.folder}", why="as on the host"),
        option("--env=SLURM_*", "--env=PMI*", why="where a rank finds out who it is"),
        option("--env=HPCPY_*", why="settings of this image that you may have"),
        own,
        *_variables(container.variables),
        option(container.image, why="the image"),
        option("bash", "-pc", Expanded("$in_container"), "--", why="see above"),
    ]
    return around(engine), words


def _shifter(container: Container, site: Site) -> Start:
    """``shifter``; the host's variables go in by themselves, and the site's file systems."""
    # Of several --module Shifter takes the last: a site's brings the driver, too.
    has_module = any("--module=" in word for word in site.options.get("shifter", ()))
    words = [
        option(container.program),
        option(f"--image={container.image}", why="the image, as shifterimg pulled it"),
        *(() if has_module else _gpus(container, "shifter")),
        *_extra(site, "shifter"),
        *_site_binds(site, "--volume"),
        *_variables(variable for variable in container.variables if variable.value),
    ]
    # Shifter refuses an empty --env, and hands the host's variables in.
    empty = exports(variable for variable in container.variables if not variable.value)
    return empty, words


def _none(container: Container, _site: Site) -> Start:
    """There is no container; ``env`` sets the variables: the job's shell keeps its own PATH."""
    words = [option("env", why="for the ranks"), *_variables(container.variables, "")]
    lines = [
        Line(f"cd {quoted(container.folder)} || exit 69", "wherever the script is submitted"),
        Line("export PYTHONNOUSERSITE=1", "nothing from ~/.local"),
    ]
    return lines, words if container.variables else []


RANKS: dict[str, Callable[[Container, Site], Start]] = {
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


def _apptainer_kernel(container: Container, site: Site) -> Start:
    words = [
        option(container.program, "exec"),
        *_gpus(container, "apptainer"),
        *_site_binds(site, "--bind"),
        option(Expanded(f"--bind={_CONNECTION}")),
        Line('"${options[@]}"', ""),
        *_extra(site, "apptainer"),
        option(container.image),
    ]
    lines = [Line(shell, "") for shell in ("options=()", *own_disk_option(site))]
    return (*lines, *exports(container.variables, "APPTAINERENV_")), words


def _shifter_kernel(container: Container, site: Site) -> Start:
    # A site's configuration mounts home, where the connection file is.
    return _shifter(container, Site(site.name, site.summary, binds=site.binds))


def _podman_kernel(container: Container, site: Site) -> Start:
    words = [
        option(container.program, "run", "--rm", "--interactive"),
        # Jupyter connects to ports of the kernel.
        option("--network=host"),
        # Yourself, whatever user the image names; files are yours.
        option("--user=0:0"),
        *_gpus(container, container.program),
        # podman takes a folder that is named twice for one.
        *(option(Expanded(f"--volume={path}:{path}")) for path in ("$HOME", "$PWD", _CONNECTION)),
        *_site_binds(site, "--volume"),
        *(option(Expanded(f"--volume={pair}")) for pair in own_disk(site)),
        option(Expanded("--workdir=$PWD")),
        option(Expanded("--env=HOME=$HOME")),
        *_variables(container.variables),
        option(container.image),
    ]
    return [], words


# Of one process that is no rank: podman-hpc and Shifter are without the site's options, which
# bring its MPI.
KERNELS: dict[str, Callable[[Container, Site], Start]] = {
    "apptainer": _apptainer_kernel,
    "podman-hpc": _podman_kernel,
    "shifter": _shifter_kernel,
    "podman": _podman_kernel,
}


def _extra(site: Site, engine: str) -> list[Line]:
    words = site.options.get(engine, ())
    return [option(Expanded(word), why=f"site {site.name}") for word in words]


def _binds(container: Container, site: Site, name: str) -> list[Line]:
    """Return the working directory and the site's folders as ``name=HOST:INSIDE``."""
    is_outside = site.promises and not site.promises.startswith(IMAGES_OWN)
    promises = [_bound(name, site.promises, "ro")] if is_outside else []
    why = "the working directory: the program's files, and what it writes"
    return [
        *(option(word, why="what the site promises") for word in promises),
        option(_bound(name, container.folder), why=why),
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


def _gpus(container: Container, engine: str) -> list[Line]:
    why = "GPUS: the host's NVIDIA driver"
    return [option(_GPU_OPTIONS[engine], why=why)] if container.has_gpus else []


def _variables(variables: Iterable[Variable], before: str = "--env=") -> list[Line]:
    return [
        option(Expanded(f"{before}{variable.name}={variable.value}"), why=variable.why)
        for variable in variables
    ]
