"""An NVIDIA GPU: the one that this rank takes, by CuPy and by Numba for CUDA."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from hpcpy_common import ranks
from hpcpy_common.errors import UnavailableError

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

    # Gives a block whose kernels are timed: `Clock`.
    GpuClock: TypeAlias = Callable[[], contextlib.AbstractContextManager[None]]

T = TypeVar("T")
NO_DEVICE = "run with --nv on a GPU node"
NO_TOOLKIT = (
    "use the image hpcpy-cuda, or bind the site's CUDA toolkit and put its lib64 on LD_LIBRARY_PATH"
)


def reason(failure: BaseException) -> str:
    """Return the first line of a message that is neither a heading nor empty."""
    lines = [line.strip() for line in str(failure).splitlines()]
    return next((line for line in lines if re.search(r"\w.*[^:]$", line)), type(failure).__name__)


def of_this_rank(count: int) -> int:
    """Return which of the `count` devices that this process sees it takes.

    Where the launcher gives each task its own (``srun --gpus-per-task=1``), that is one.
    """
    return (ranks.rank_on_node() or 0) % max(count, 1)


@functools.cache
def cupy_device() -> tuple[Any, str]:
    """Take this rank's device; return cupy and the device's name."""
    import cupy  # noqa: PLC0415

    try:
        number = of_this_rank(cupy.cuda.runtime.getDeviceCount())
        cupy.cuda.Device(number).use()
        device = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise UnavailableError(f"no CUDA device answers ({error})", hint=NO_DEVICE) from error
    return cupy, str(device)


def free_memory() -> int:
    """Return how many bytes this rank's GPU has left."""
    free, _ = cupy_device()[0].cuda.runtime.memGetInfo()
    return int(free)


class Clock:
    """Times kernels by the GPU's own clock, between events that it passes."""

    def __init__(self, workers: Workers, libraries: str) -> None:
        self.is_numbas = "numba" in libraries
        self._workers = workers
        if "cupy" in libraries:
            cuda = importlib.import_module("cupy").cuda
            self._event, self._milliseconds = cuda.Event, cuda.get_elapsed_time
        else:
            cuda = importlib.import_module("numba.cuda")
            self._event, self._milliseconds = cuda.event, cuda.event_elapsed_time

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Add the seconds between start and end of the kernels of a block."""
        started, ended = self._event(), self._event()
        started.record()
        yield
        ended.record()
        ended.synchronize()
        self._workers.kernel_seconds += self._milliseconds(started, ended) / 1e3


@contextlib.contextmanager
def clock(workers: Workers, libraries: str, *_: str) -> Iterator[Clock]:
    """Take this rank's GPU in libraries, ``cupy``, ``numba`` or both, and give its clock."""
    if "cupy" in libraries:
        _, workers.note = cupy_device()
    if "numba" in libraries:
        workers.note = numba_device()
    yield Clock(workers, libraries)


@contextlib.contextmanager
def failures(clock: Clock) -> Iterator[None]:
    """Say in one line what the GPU's libraries cannot do."""
    with numba_compilation() if clock.is_numbas else cupy_failures():
        yield


@contextlib.contextmanager
def cupy_failures() -> Iterator[None]:
    """Raise an UnavailableError where a library is absent, or the memory too small."""
    try:
        yield
    except (ImportError, RuntimeError, MemoryError) as error:
        smaller = "give a smaller -n, or fewer ranks to a GPU"
        hint = smaller if isinstance(error, MemoryError) else NO_TOOLKIT
        raise UnavailableError(f"CuPy has failed: {reason(error)}", hint=hint) from error


@contextlib.contextmanager
def all_or_none(workers: Workers, *_: str) -> Iterator[Callable[[Callable[[], T]], T]]:
    """Take a GPU on each rank; give what calls a function on all ranks, or raises for all."""
    from mpi4py import MPI  # noqa: PLC0415

    comm = workers.comm
    cupy, name = ranks.all_or_none(comm, cupy_device)
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    workers.note = f"{min(node.size, cupy.cuda.runtime.getDeviceCount())} × {name} a node"
    node.Free()

    def act_on_all(act: Callable[[], T]) -> T:
        return ranks.all_or_none(comm, cupy_failures()(act))

    yield act_on_all


@functools.cache
def numba_modules() -> tuple[Any, Any]:
    """Import Numba for CUDA; return its modules ``cuda`` and ``libdevice``."""
    try:
        cuda = importlib.import_module("numba.cuda")
        libdevice = importlib.import_module("numba.cuda.libdevice")
    except RuntimeError as error:
        # numba-cuda opens the toolkit's libcudart when it is imported.
        raise UnavailableError(
            f"numba-cuda cannot be loaded ({reason(error)})", hint=NO_TOOLKIT
        ) from error
    # It warns of kernels that are too small for the device, such as the warm-up's.
    warnings.filterwarnings("ignore", ".*Grid size")
    return cuda, libdevice


def numba_device() -> str:
    """Take this rank's device and return its name; an UnavailableError where there is none."""
    cuda, _ = numba_modules()
    errors: Any = importlib.import_module("numba.cuda.cudadrv.error")
    try:
        name = cuda.select_device(of_this_rank(len(cuda.gpus))).name
    except errors.CudaSupportError as error:
        message = f"no CUDA device answers ({reason(error)})"
        raise UnavailableError(message, hint=NO_DEVICE) from error
    return name.decode() if isinstance(name, bytes) else str(name)


@contextlib.contextmanager
def numba_compilation() -> Iterator[None]:
    """Have numba-cuda compile with this NumPy, or raise an UnavailableError of one line."""
    import numpy as np  # noqa: PLC0415

    # numba-cuda 0.30 registers `row_stack` when it compiles, which NumPy 2.5 has dropped. A
    # function of its own, as vstack itself has been registered already.
    is_dropped = not hasattr(np, "row_stack")
    if is_dropped:
        np.row_stack = lambda arrays: np.vstack(arrays)  # noqa: PLW0108
    try:
        yield
    except (AttributeError, ImportError, RuntimeError) as error:
        # numba-cuda names functions of NumPy that a newer NumPy has dropped.
        older = "pip install an older numpy beside it"
        hint = older if isinstance(error, AttributeError) else NO_TOOLKIT
        raise UnavailableError(f"numba-cuda cannot compile ({reason(error)})", hint=hint) from error
    finally:
        if is_dropped:
            del np.row_stack
