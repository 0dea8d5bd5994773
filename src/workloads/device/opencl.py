"""A device of OpenCL: the GPU that this rank takes or, without one, the processor."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hpcpy_common.errors import UnavailableError
from workloads.device.cuda import of_this_rank

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


@contextlib.contextmanager
def queue(workers: Workers, *_: str) -> Iterator[Any]:
    """Give a queue with profiling on the best device here."""
    import pyopencl as cl  # noqa: PLC0415

    device = _best_device(cl)
    # A CPU's units are its cores, which count as one worker.
    workers.note = f"{str(device.name).strip()}, {device.max_compute_units} compute units"
    timed = cl.command_queue_properties.PROFILING_ENABLE
    yield cl.CommandQueue(cl.Context([device]), properties=timed)


def _best_device(cl: Any) -> Any:
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
    device = gpus[of_this_rank(len(gpus))] if gpus else able[0]
    if "pocl" in device.platform.version.lower() and shutil.which("ld") is None:
        # Without ld PoCL would not fail, but abort the whole process.
        raise UnavailableError("PoCL links what it has compiled, and there is no ld on PATH")
    return device


@contextlib.contextmanager
def failures(queue: Any) -> Iterator[None]:
    """Say in one line what the device's compiler does not take."""
    import pyopencl as cl  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            # NVIDIA's compiler writes a message about every kernel.
            warnings.simplefilter("ignore", cl.CompilerWarning)
            yield
    except cl.RuntimeError as error:
        if error.code != cl.status_code.BUILD_PROGRAM_FAILURE:
            raise
        why = next((line for line in str(error).splitlines() if "error" in line), str(error))
        raise UnavailableError(f"{queue.device.name.strip()} cannot compile it: {why}") from error
