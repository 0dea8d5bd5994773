"""The lines of a job script that bring in ``scripts``: around an engine, a rank, an image."""

# What runs on a node runs as `bash -p`, which takes no options (SHELLOPTS) and no commands
# (BASH_ENV) of the user's.

from __future__ import annotations

from pathlib import Path

from hpcpy.launch.shell import Expanded, Line, quoted, variable_of_script

# Seconds in which the other ranks may end by themselves, as the scripts have it.
SECONDS = 5
_FOLDER = Path(__file__).with_name("scripts")
# Of an engine: what runs on the node and becomes it, and what runs a rank in the container.
_AROUND = {
    "apptainer": (
        (
            ("job_variables", "read_ahead", "apptainer_node"),
            "Apptainer's files of a run: on the node, not in the home folder",
        ),
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


def text(*names: str, ending: str = ".sh") -> str:
    """Return scripts, one after the other."""
    return "".join((_FOLDER / f"{name}{ending}").read_text(encoding="utf-8") for name in names)


def around(engine: str, node_local: str = "", image: str = "") -> tuple[Line, ...]:
    """Return the lines that set ``$at_node`` and ``$in_container`` to the scripts of an engine."""
    (at_node, why_there), (in_container, why_inside) = _AROUND[engine]
    lines = []
    if engine == "apptainer":
        folder = quoted(Expanded(node_local))
        shell = f"export HPCPY_NODE_LOCAL={folder} HPCPY_AHEAD={quoted(image)}"
        lines.append(Line(shell, "the node's own disk; what may be read ahead"))
    return (
        *lines,
        variable_of_script("at_node", text(*at_node), why_there),
        variable_of_script("in_container", text(*in_container), why_inside),
    )


# Of --stage, and of the standalone file.  The copy lies in a folder that the job has made on each
# node, which nobody else can enter.
COPIES = {
    "apptainer": Expanded("$staged/hpcpy.sif"),
    "standalone": Expanded("$staged/hpcpy-python"),
}


def staging_lines(image: str, node_local: str, copy: Expanded) -> tuple[Line, ...]:
    """Return the lines that copy the image to `copy`, after those that will remove the copies."""
    name = quoted(Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID-XXXXXXXXXX"))
    file = copy.removeprefix("$staged/")
    return (
        Line(f"hpcpy_image={quoted(image)} hpcpy_copy={file}", "of each node"),
        Line(f"staged=$(mktemp --dry-run {name}) || exit 73", "a name that nobody can know"),
        variable_of_script("hpcpy_keeper", text("keeper"), "keeps a node's copy"),
        Line(text("staging").rstrip(), "keepers on all nodes: a copy goes with its job"),
        Line("each_node_answers", "they are there: a cancelled job leaves no copy"),
        # Two seconds of a processor, here and on each node, for the 475 MB of the core image.
        Line('exec {hpcpy_sum}< <(sha256sum <"$hpcpy_image")', "while it is copied"),
        Line(
            'sbcast "$hpcpy_image" "$staged/$hpcpy_copy" || no_copy',
            "the image on each node's own disk, read once from the shared one",
        ),
        Line(
            'echo "$(command cat <&$hpcpy_sum)" 2>/dev/null 1>&$hpcpy_in',
            "for each node to compare",
        ),
        Line("each_node_answers", "its copy is the image, and goes when srun below ends"),
    )
