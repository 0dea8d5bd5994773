"""GPUs: what the node has, what is in here, what each rank may use."""

from __future__ import annotations

from workloads.doctor import probe
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

_NV = "start the container with --nv (Apptainer), --gpu (podman-hpc) or --module=gpu (Shifter)"
# Variables by which Slurm tells a job its GPUs.
_OF_JOB = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE", "CUDA_VISIBLE_DEVICES")
_NONE = ("", "0", "-1", "NoDevFiles")


def check(node: Node) -> list[Finding]:
    """Look at GPUs."""
    cards = node.names("/proc/driver/nvidia/gpus")
    files = node.names("/dev", "nvidia[0-9]*")
    wanted = [name for name in _OF_JOB if _asks(name, node.environ.get(name, ""))]
    if not cards and not files:
        found = [Finding("gpu.devices", Status.INFO, "none", value=0)]
        return [*found, *_missed(wanted)]
    return [_nvidia(node, len(cards), len(files), bool(wanted)), *_ranks(node)]


def _asks(name: str, value: str) -> bool:
    # In a list of ids 0 is a device; as a count 0 means none.
    return value not in (_NONE if name == "SLURM_GPUS_ON_NODE" else ("", "-1", "NoDevFiles"))


def _missed(wanted: list[str]) -> list[Finding]:
    if not wanted:
        return []
    detail = f"the job has GPUs ({', '.join(wanted)} is set), and none is to be seen"
    return [Finding("gpu.job", Status.WARN, detail, _NV)]


def _nvidia(node: Node, cards: int, files: int, wanted: bool) -> Finding:
    words = node.text("/proc/driver/nvidia/version").split()
    versions = [word for word in words if word[0].isdigit() and word.count(".") > 0]
    driver = f"driver {versions[0]}" if versions else "driver of unknown version"
    if not files:
        status = Status.WARN if wanted else Status.INFO
        detail = f"the node has {cards} NVIDIA, {driver}, and none is in here"
        return Finding("gpu.devices", status, detail, _NV, 0)
    if not node.deep:
        return Finding("gpu.devices", Status.OK, f"{files} NVIDIA, {driver}", value=files)
    try:
        answer = probe.ask("cuda")
    except probe.NoAnswerError as error:
        return Finding(
            "gpu.devices", Status.WARN, f"{files} NVIDIA, {driver}: libcuda {error}", _NV, 0
        )
    if "problem" in answer:
        detail = f"{files} NVIDIA, {driver}: {answer['problem']}"
        return Finding("gpu.devices", Status.WARN, detail, _NV, 0)
    names = answer["devices"]
    kinds = ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))
    detail = f"{kinds or 'no device answers'}, {driver}, CUDA up to {answer['cuda']}"
    return Finding("gpu.devices", Status.OK if names else Status.WARN, detail, value=len(names))


def _ranks(node: Node) -> list[Finding]:
    """Return which devices each rank may use, where several share the node."""
    lists = [rank.visible_gpus for rank in node.ranks]
    if len(lists) < 2:
        mine = node.environ.get("CUDA_VISIBLE_DEVICES")
        where = (
            f", SLURM_LOCALID={node.environ['SLURM_LOCALID']}"
            if "SLURM_LOCALID" in node.environ
            else ""
        )
        seen = "not set: all" if mine is None else mine or "empty: none"
        return [Finding("gpu.visible", Status.INFO, f"CUDA_VISIBLE_DEVICES {seen}{where}")]
    if len(set(lists)) == 1:
        which = "all" if lists[0] is None else lists[0] or "none"
        detail = f"{len(lists)} ranks see the same devices ({which})"
        return [
            Finding("gpu.visible", Status.INFO, f"{detail}: each takes its own by SLURM_LOCALID")
        ]
    each = " ".join("all" if text is None else text or "none" for text in lists)
    return [Finding("gpu.visible", Status.OK, f"devices of the node's ranks: {each}")]
