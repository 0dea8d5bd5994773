"""The best OpenCL device here, with a program built for it."""

from __future__ import annotations

import functools
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

from workloads.errors import UnavailableError
from workloads.parallel import launchers


def no_driver() -> str:
    """Return why no OpenCL driver can be found, or an empty string; load none."""
    vendors = Path(os.environ.get("OCL_ICD_VENDORS", "/etc/OpenCL/vendors"))
    if vendors.suffix == ".icd" or os.environ.get("OCL_ICD_FILENAMES"):
        return ""
    return "" if any(vendors.glob("*.icd")) else f"no OpenCL driver is registered in {vendors}"


@functools.cache
def program(source: str) -> tuple[Any, Any, Any]:
    """Return pyopencl, a queue on the best device, and the built program."""
    import pyopencl as cl  # noqa: PLC0415

    try:
        devices = [d for platform in cl.get_platforms() for d in platform.get_devices()]
    except cl.Error as error:
        raise UnavailableError(f"no OpenCL platform answers ({error})") from error
    able = [device for device in devices if device.double_fp_config]
    if not able:
        raise UnavailableError(
            f"none of the {len(devices)} OpenCL devices has double precision",
            hint="PoCL needs /sys and a POCL_CACHE_DIR that can be written",
        )
    gpus = [device for device in able if device.type & cl.device_type.GPU]
    device = gpus[(launchers.rank_on_node() or 0) % len(gpus)] if gpus else able[0]
    if "pocl" in device.platform.version.lower() and shutil.which("ld") is None:
        # Without ld PoCL would not fail, but abort the whole process.
        raise UnavailableError("PoCL links what it has compiled, and there is no ld on PATH")
    context = cl.Context([device])
    try:
        with warnings.catch_warnings():
            # NVIDIA's compiler writes a message about every kernel.
            warnings.simplefilter("ignore", cl.CompilerWarning)
            built = cl.Program(context, source).build()
    except cl.Error as error:
        reason = next((line for line in str(error).splitlines() if "error" in line), str(error))
        raise UnavailableError(f"{device.name.strip()} cannot compile it: {reason}") from error
    timed = cl.command_queue_properties.PROFILING_ENABLE
    return cl, cl.CommandQueue(context, properties=timed), built
