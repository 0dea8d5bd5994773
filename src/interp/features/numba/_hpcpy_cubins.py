"""Machine code for GPUs that are elsewhere: ``python -m hpcpy_warmup --cuda sm_90``.

NVRTC, NVVM and nvJitLink compile for any architecture, without a GPU or a driver.
CuPy and numba-cuda ask the driver for the architecture before they compile, and load
what they have compiled.  Here both get the answers of a GPU of that architecture, so
that the files of their caches have the names that they look for there.
"""

from __future__ import annotations

import gc
import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any


def compile_for(architecture: str, script: str) -> None:
    """Import a program and compile those of its kernels that need no array for it.

    Its code for ``__main__`` does not run.  CuPy's kernels are its `RawKernel` and `RawModule`
    objects.  Functions for numba-cuda need a signature, which compiles them at once, and
    ``cache=True``.
    """
    number = architecture.removeprefix("sm_")
    if importlib.util.find_spec("numba_cuda"):
        _answer_numba_cuda((int(number[:-1]), int(number[-1])))
    # Keeps the kernels alive until they have been found and compiled.
    names = runpy.run_path(script, run_name=Path(script).stem)
    if "cupy" in sys.modules:
        _compile_cupy(number)
    names.clear()


def _compile_cupy(number: str) -> None:
    import cupy  # noqa: PLC0415
    from cupy._core import core  # noqa: PLC0415
    from cupy.cuda import compiler, function  # noqa: PLC0415

    class Module(function.Module):  # type: ignore[misc]
        def load(self, cubin: bytes) -> None:
            """Without a driver nothing is loaded."""

    class Functions:
        def __getattr__(self, name: str) -> Any:
            return Module if name == "Module" else getattr(function, name)

    compiler.function = Functions()
    compiler._get_arch = lambda: number
    compiler._get_arch_for_options_for_nvrtc = lambda _=None: (f"-arch=sm_{number}", "cubin")
    for found in gc.get_objects():
        if isinstance(found, (cupy.RawKernel, cupy.RawModule)) and found.code is not None:
            core.compile_with_cache(
                found.code,
                found.options,
                prepend_cupy_headers=False,
                backend=found.backend,
                enable_cooperative_groups=found.enable_cooperative_groups,
                name_expressions=getattr(found, "name_expressions", None),
            )


class _Device:
    id = 0

    def __init__(self, capability: tuple[int, int]) -> None:
        self.compute_capability = capability


class _Module:
    initialized = True

    def get_function(self, name: str) -> Any:
        del name
        return self

    @property
    def module(self) -> Any:
        return self


class _Context:
    def __init__(self, device: _Device) -> None:
        self.device = device

    def create_module_image(self, *_: Any) -> _Module:
        return _Module()


def _answer_numba_cuda(capability: tuple[int, int]) -> None:
    import numba.cuda  # noqa: F401, PLC0415
    from numba.cuda import dispatcher  # noqa: PLC0415
    from numba.cuda.cudadrv import devices  # noqa: PLC0415

    context = _Context(_Device(capability))
    devices.get_context = lambda *_: context
    dispatcher.get_current_device = lambda: context.device
