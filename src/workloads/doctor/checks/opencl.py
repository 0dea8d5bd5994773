"""OpenCL: the drivers that are registered, which of them load, their devices."""

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
    if not node.deep:
        names = ", ".join(drivers)
        return [Finding("opencl.drivers", Status.INFO, f"registered: {names}", value=[*drivers])]
    return [_loading(drivers), _devices()]


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


def _loading(drivers: dict[str, str]) -> Finding:
    try:
        answer = probe.loading([*drivers.values()])
    except probe.NoAnswerError as error:
        return Finding("opencl.drivers", Status.WARN, f"loading {', '.join(drivers)} {error}")
    loads = [name for name, library in drivers.items() if not answer[library]]
    others = [name for name in drivers if name not in loads]
    words = [f"{', '.join(loads) or 'none'} loads"]
    if others:
        # An entry whose library is only on the host does no harm.
        words.append(f"{', '.join(others)} does not: no such library in here")
    broken = [
        f"{drivers[name]}: {answer[drivers[name]]}"
        for name in others
        if "No such file" not in answer[drivers[name]]
    ]
    if broken:
        return Finding(
            "opencl.drivers", Status.WARN, f"{words[0]}; {'; '.join(broken)}", value=loads
        )
    return Finding(
        "opencl.drivers", Status.OK if loads else Status.INFO, "; ".join(words), value=loads
    )


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
