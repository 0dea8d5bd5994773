"""GPUs: what the node has, what is in here, which devices answer."""

from __future__ import annotations

from hpcpy_job.doctor import probe
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node

_NV = "start the container with --nv (Apptainer), --gpu (podman-hpc) or --module=gpu (Shifter)"
# Variables by which Slurm lists a job's GPUs, and what they are without any.
_LISTS = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "CUDA_VISIBLE_DEVICES")
_NONE = ("", "-1", "NoDevFiles")


def check(node: Node) -> list[Finding]:
    """Look at GPUs."""
    cards = len(node.names("/proc/driver/nvidia/gpus"))
    files = len(node.names("/dev", "nvidia[0-9]*"))
    wanted = [name for name in _LISTS if node.environ.get(name, "") not in _NONE]
    if not cards and not files:
        if not wanted:
            return [Finding("gpu.devices", Status.INFO, "none", value=0)]
        detail = f"the job has GPUs ({', '.join(wanted)} is set), and none is to be seen"
        return [Finding("gpu.devices", Status.WARN, detail, _NV, 0)]
    words = node.text("/proc/driver/nvidia/version").split()
    numbers = [word for word in words if word[0].isdigit() and "." in word]
    driver = f"driver {numbers[0] if numbers else 'of unknown version'}"
    if not files:
        status = Status.WARN if wanted else Status.INFO
        detail = f"the node has {cards} NVIDIA, {driver}, and none is in here"
        return [Finding("gpu.devices", status, detail, _NV, 0)]
    if not node.deep:
        return [Finding("gpu.devices", Status.OK, f"{files} NVIDIA, {driver}", value=files)]
    return [_answering(files, driver)]


def _answering(files: int, driver: str) -> Finding:
    try:
        answer = probe.answer_of("cuda")
    except probe.NoAnswerError as error:
        answer = {"problem": f"libcuda {error}"}
    if "problem" in answer:
        detail = f"{files} NVIDIA, {driver}: {answer['problem']}"
        return Finding("gpu.devices", Status.WARN, detail, _NV, 0)
    names = answer["devices"]
    kinds = ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))
    detail = f"{kinds or 'no device answers'}, {driver}, CUDA up to {answer['cuda']}"
    return Finding("gpu.devices", Status.OK if names else Status.WARN, detail, value=len(names))
