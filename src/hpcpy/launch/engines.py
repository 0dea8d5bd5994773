"""How each engine starts a rank: its options, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hpcpy.launch import one_container
from hpcpy.launch.sharing import around_the_program, before_the_engine
from hpcpy.launch.site import Site
from hpcpy.launch.words import Expanded, Line, Option, Variable, option, quoted

# Where the image has its own copy of the site files.
_IMAGES_OWN = "/opt/hpcpy/share/hpcpy/tool/"


@dataclass(frozen=True)
class Container:
    """What an engine has to know.

    Parameters
    ----------
    program
        The engine's program.
    image
        A file or a reference; for ``none`` the interpreter.
    folder
        The working directory, seen by the ranks under the same name.
    has_gpus
        Whether ranks have GPUs.
    variables
        Variables that the ranks get.
    is_shared
        Whether a node has several ranks.
    """

    program: str
    image: str
    folder: str
    has_gpus: bool
    variables: tuple[Variable, ...]
    is_shared: bool = False


@dataclass(frozen=True)
class ContainerStart:
    """Lines before the step, and the words before ``python3``."""

    lines: tuple[Line, ...]
    words: tuple[Option, ...]


def _extra(site: Site, engine: str) -> tuple[Option, ...]:
    return tuple(
        option(Expanded(word), why=f"site {site.name}") for word in site.options.get(engine, ())
    )


def _binds(container: Container, site: Site, name: str) -> list[Option]:
    """Return the working directory and the site's folders as ``name=HOST:INSIDE``."""
    folder = f"{name}={container.folder}:{container.folder}"
    promises = f"{name}={site.promises}:{site.promises}:ro"
    is_outside = site.promises and not site.promises.startswith(_IMAGES_OWN)
    return [
        *([option(promises, why="what the site promises")] if is_outside else []),
        option(folder, why="the working directory: W's files, and what it writes"),
        *_site_binds(site, name),
    ]


def _site_binds(site: Site, name: str) -> list[Option]:
    return [
        option(
            Expanded(f"{name}={bind if ':' in bind else f'{bind}:{bind}'}"),
            why=f"site {site.name}",
        )
        for bind in site.binds
    ]


_SHARED = "one mount of the image a node, not one a rank; MPI reads a neighbour's memory"


def apptainer(container: Container, site: Site) -> ContainerStart:
    """Return the words of ``apptainer exec``; the host's variables go in by themselves."""
    lines = [
        # Its --env would cut a value at a comma.
        Line(f"export APPTAINERENV_{one.name}={quoted(one.value)}", one.why)
        for one in container.variables
    ]
    why = "on the node: Apptainer's files of a run there, not in the home folder"
    lines.append(Line(f"at_node={quoted(before_the_engine(site.node_local))}", why))
    why = "in the container: the first rank's death would stay untold by --sharens"
    lines.append(Line(f"in_container={quoted(around_the_program())}", why))
    words = [
        option("bash", "-c", Expanded("$at_node"), why="see above"),
        option(container.program, "exec"),
        # --sharens does not always end cleanly (apptainer#2713), and brings one rank nothing.
        *([option("--sharens", why=_SHARED)] if container.is_shared else []),
        *([option("--nv", why="GPUS: the host's NVIDIA driver")] if container.has_gpus else []),
        *_binds(container, site, "--bind"),
        option(f"--pwd={container.folder}", why="as on the host"),
        *_extra(site, "apptainer"),
        option(container.image, why="the image"),
        option("bash", "-c", Expanded("$in_container"), why="see above"),
    ]
    return ContainerStart(tuple(lines), tuple(words))


def podman_hpc(container: Container, site: Site) -> ContainerStart:
    """Return the words of ``podman-hpc shared-run``: one container a node."""
    # Each podman-hpc module for MPI (mpi, cuda-mpi, openmpi-…) sets the options of
    # `_hosts_own`, too, and podman refuses a second --network.
    has_module = any("mpi" in word for word in site.options.get("podman-hpc", ()))
    why = "on the node: podman-hpc takes the first node's number of ranks for every one's"
    on_node = Line(f"on_node={quoted(one_container.before_the_engine())}", why)
    why = "in the container: a rank ends with its step, and its death is told"
    in_container = Line(f"in_container={quoted(one_container.around_the_program())}", why)
    words = [
        option("bash", "-c", Expanded("$on_node"), why="see above"),
        option(container.program, "shared-run"),
        *([] if has_module else _hosts_own()),
        *([option("--gpu", why="GPUS: the host's NVIDIA driver")] if container.has_gpus else []),
        *_extra(site, "podman-hpc"),
        *_binds(container, site, "--volume"),
        option(f"--workdir={container.folder}", why="as on the host"),
        option("--user=0:0", why="yourself, whatever user the image names; files are yours"),
        *_who(),
        *_given(container.variables),
        option(container.image, why="the image"),
        option("bash", "-c", Expanded("$in_container"), "--", why="see above"),
    ]
    return ContainerStart((on_node, in_container), tuple(words))


# podman passes on only consecutive descriptors from 3 on; that of Slurm's PMI may have
# any number.  Only rootless podman takes keep-id.
_ON_NODE = (
    'if [ -n "$PMI_FD" ]; then eval "exec 3<&$PMI_FD"; export PMI_FD=3; fi; '
    'if [ "$UID" = 0 ]; then me=--user=0:0; else me=--userns=keep-id; fi; '
    'exec "$0" run $me ${PMI_FD:+--preserve-fds=1} "$@"'
)


def podman(container: Container, site: Site) -> ContainerStart:
    """Return the words of plain ``podman run``: a container a rank."""
    words = [
        option(
            *("bash", "-c", _ON_NODE),
            why="hands Slurm's PMI socket on as descriptor 3; files that it writes are yours",
        ),
        option(container.program, "--rm"),
        *_hosts_own(),
        *(
            [option("--device=nvidia.com/gpu=all", why="GPUS: by NVIDIA's CDI")]
            if container.has_gpus
            else []
        ),
        *_extra(site, "podman"),
        *_binds(container, site, "--volume"),
        option(f"--workdir={container.folder}", why="as on the host"),
        *_who(),
        option(
            "--env=MPIR_CVAR_CH4_CMA_ENABLE=0",
            why="each rank has a user namespace: no reading of the others' memory",
        ),
        *_given(container.variables),
        option(container.image, why="the image"),
    ]
    return ContainerStart((), tuple(words))


def shifter(container: Container, site: Site) -> ContainerStart:
    """Return the words of ``shifter``; the host's variables go in by themselves.

    The site's configuration mounts its file systems; binds add to that.
    """
    given = site.options.get("shifter", ())
    gpu = ["gpu"] if container.has_gpus else []
    modules = dict.fromkeys([*gpu, *(name for word in given for name in _modules(word))])
    why = f"site {site.name}"
    if gpu:
        why = "GPUS: the host's NVIDIA driver; of several --module Shifter takes the last"
    words = [
        option(container.program),
        option(f"--image={container.image}", why="the image, as shifterimg pulled it"),
        *([option(f"--module={','.join(modules)}", why=why)] if modules else []),
        *(option(Expanded(word), why=f"site {site.name}") for word in given if not _modules(word)),
        *_site_binds(site, "--volume"),
        *_given(one for one in container.variables if one.value),
    ]
    # Shifter refuses an empty --env, and hands the host's variables in.
    empty = (one for one in container.variables if not one.value)
    lines = [Line(f"export {one.name}=", one.why) for one in empty]
    return ContainerStart(tuple(lines), tuple(words))


def _modules(word: str) -> list[str]:
    name, _, modules = word.partition("=")
    return modules.split(",") if name == "--module" else []


def none(container: Container, _site: Site) -> ContainerStart:
    """Return lines that export the variables, and no words: there is no container."""
    lines = [Line(f"export {one.name}={quoted(one.value)}", one.why) for one in container.variables]
    lines.append(Line("export PYTHONNOUSERSITE=1", "nothing from ~/.local"))
    return ContainerStart(tuple(lines), ())


def _hosts_own() -> list[Option]:
    return [
        option("--network=host", why="MPI between nodes"),
        option("--ipc=host", "--pid=host", why="MPI within a node: shared memory"),
    ]


def _who() -> list[Option]:
    return [
        option("--env=SLURM_*", "--env=PMI*", why="where a rank finds out who it is"),
        option("--env=HPCPY_*", why="settings of this image that you may have"),
    ]


def _given(variables: Iterable[Variable]) -> list[Option]:
    return [option(Expanded(f"--env={one.name}={one.value}"), why=one.why) for one in variables]


STARTS: dict[str, Callable[[Container, Site], ContainerStart]] = {
    "apptainer": apptainer,
    "podman-hpc": podman_hpc,
    "shifter": shifter,
    "podman": podman,
    "none": none,
}
