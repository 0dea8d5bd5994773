"""Packages whose arrays have NumPy's functions, ready to compute in double precision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


@contextlib.contextmanager
def package(workers: Workers, name: str, *_: str) -> Iterator[Any]:
    """Give PyTorch or JAX, whose arrays lie on a GPU if it sees one."""
    if name == "torch":
        import torch  # noqa: PLC0415

        device = "cuda" if torch.cuda.is_available() else "cpu"
        workers.note = f"PyTorch {torch.__version__} on {device}"
        with torch.device(device):
            yield torch
    else:
        import jax  # noqa: PLC0415

        jax.config.update("jax_enable_x64", True)  # by default its numbers are single precision
        workers.note = f"JAX {jax.__version__} on {jax.default_backend()}"
        yield jax.numpy
