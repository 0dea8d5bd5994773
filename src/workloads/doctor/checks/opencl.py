"""OpenCL: the drivers that are registered, and the devices that answer."""

from __future__ import annotations

from workloads.doctor import probe
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

_VENDORS = "/etc/OpenCL/vendors"


def check(node: Node) -> list[Finding]:
    """Look at OpenCL."""
    drivers = registered(node)
    if not drivers:
        where = node.environ.get("OCL_ICD_VENDORS", _VENDORS)
        detail = f"none is registered in {where}"
        return [Finding("opencl.drivers", Status.INFO, detail, value=[])]
    found = Finding(
        "opencl.drivers", Status.INFO, f"registered: {', '.join(drivers)}", value=drivers
    )
    return [found, _devices()] if node.deep else [found]


def registered(node: Node) -> dict[str, str]:
    """Return the drivers' libraries by the names of their entries."""
    folder = node.environ.get("OCL_ICD_VENDORS", _VENDORS)
    if folder.endswith(".icd"):
        folder, _, one = folder.rpartition("/")
        names = [one]
    else:
        names = node.names(folder, "*.icd")
    lines = {name: node.text(f"{folder}/{name}").splitlines() for name in names}
    found = {name: text[0].strip() for name, text in lines.items() if text}
    for path in filter(None, node.environ.get("OCL_ICD_FILENAMES", "").split(":")):
        found[path.rpartition("/")[2]] = path
    return found


def _devices() -> Finding:
    name = "opencl.devices"
    try:
        answer = probe.ask("opencl")
    except probe.NoAnswerError as error:
        return Finding(name, Status.WARN, f"asking for them {error}", value=[])
    if "problem" in answer:
        return Finding(name, Status.INFO, answer["problem"], value=[])
    platforms = answer["platforms"]
    words = [
        f"{platform}: {', '.join(devices) or 'none'}" for platform, devices in platforms.items()
    ]
    able = [platform for platform, devices in platforms.items() if devices]
    if able:
        return Finding(name, Status.OK, "; ".join(words), value=able)
    step = "PoCL needs /sys and a POCL_CACHE_DIR that can be written"
    return Finding(name, Status.WARN, "; ".join(words) or "no platform", step, [])
