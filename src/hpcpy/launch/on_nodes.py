"""The lines of a job script that bring in `scripts`: around an engine, a rank, a staged image.

What runs on a node runs as ``bash -p``, which takes no options (SHELLOPTS) and no commands
(BASH_ENV) of the user's.
"""

from __future__ import annotations

from pathlib import Path

from hpcpy.launch.shell import Expanded, Line, option, quoted, variable_of_script

# Seconds in which the other ranks may end by themselves, as the scripts have it.
SECONDS = 5
_FOLDER = Path(__file__).with_name("scripts")
# Of an engine: what runs on the node and becomes it, and what runs a rank in the container.
_AROUND = {
    "apptainer": (
        (("apptainer_node",), "Apptainer's files of a run: on the node, not in the home folder"),
        (("apptainer_rank",), "Ctrl-C reaches the rank, the first rank's death Slurm"),
    ),
    "podman-hpc": (
        (("podman_hpc_node",), "the container stays until its last rank has ended"),
        (("ends_with_task", "podman_hpc_rank"), "a rank ends with its step; its death is told"),
    ),
    "podman": (
        (("podman_node",), "hands Slurm's PMI socket on as descriptor 3; its files are yours"),
        (("ends_with_task", "podman_rank"), "a rank ends with its step"),
    ),
}


def text(*names: str) -> str:
    """Return scripts, without their lines for shellcheck."""
    lines = [
        line
        for name in names
        for line in (_FOLDER / f"{name}.sh").read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("# shellcheck ")
    ]
    return "\n".join(lines) + "\n"


def around(engine: str, node_local: str = "/tmp", *, is_whole: bool) -> tuple[Line, ...]:  # noqa: S108
    """Return the lines that set ``$at_node`` and ``$in_container``.

    With `is_whole` the scripts stand in them; else they are read from this checkout.
    """
    (at_node, why_there), (in_container, why_inside) = _AROUND[engine]
    lines = []
    if engine == "apptainer" and node_local != "/tmp":  # noqa: S108
        folder = quoted(Expanded(node_local))
        lines = [Line(f"export HPCPY_NODE_LOCAL={folder}", "the node's own disk")]
    return (
        *lines,
        _variable("at_node", at_node, why_there, is_whole=is_whole),
        _variable("in_container", in_container, why_inside, is_whole=is_whole),
    )


def _variable(name: str, scripts: tuple[str, ...], why: str, *, is_whole: bool) -> Line:
    if is_whole:
        return variable_of_script(name, text(*scripts), why)
    files = option(*(str(_FOLDER / f"{script}.sh") for script in scripts)).shell
    return Line(f"{name}=$(cat {files}) || exit 69", why)


def sourced(script: str, why: str, *, is_whole: bool) -> Line:
    """Return the line that runs a script in the job's shell, or the script itself."""
    if is_whole:
        return Line(text(script).rstrip(), why)
    return Line(f". {quoted(str(_FOLDER / f'{script}.sh'))} || exit 69", why)


# Of --stage, and of the standalone file.  The copy lies in a folder that the job has made on each
# node, which nobody else can enter.
COPIES = {
    "apptainer": Expanded("$staged/hpcpy.sif"),
    "standalone": Expanded("$staged/hpcpy-python"),
}


def staging_lines(
    nodes: int, image: str, node_local: str, copy: Expanded, *, is_whole: bool
) -> tuple[Line, ...]:
    """Return the lines that copy the image to `copy`, after those that will remove the copies."""
    name = quoted(Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID-XXXXXXXXXX"))
    file = copy.removeprefix("$staged/")
    return (
        Line(f"nodes={nodes} image={quoted(image)} copy={file}", "of each node"),
        Line(f"staged=$(mktemp --dry-run {name}) || exit 73", "a name that nobody can know"),
        _variable("keeper", ("keeper",), "keeps a node's copy", is_whole=is_whole),
        sourced("staging", "keepers on all nodes: a copy goes with its job", is_whole=is_whole),
        Line("each_node_answers", "they are there: a cancelled job leaves no copy"),
        # Two seconds of a processor, here and on each node, for the 475 MB of the core image.
        Line('exec {sum}< <(sha256sum <"$image")', "while it is copied"),
        Line(
            'sbcast "$image" "$staged/$copy" || no_copy',
            "the image on each node's own disk, read once from the shared one",
        ),
        Line('echo "$(cat <&$sum)" >&$keeper_in', "for each node to compare"),
        Line("each_node_answers", "its copy is the image"),
    )


# They have the copies removed, and wait some seconds for it.
STAGING_ENDS = (
    Line('eval "exec $keeper_in>&-"', "the copies go"),
    Line(f"read -r -t {SECONDS} -u $keeper_out 2>/dev/null", "they have gone"),
    # At SIGTERM, srun would end the removals that are not done.
    Line("kill -KILL $keeper_process 2>/dev/null", "a dead node never says so"),
)
