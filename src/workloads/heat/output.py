"""``--out`` and ``--film``: the field as a picture, and how it got there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcpy_common import files
from hpcpy_common.errors import UnavailableError, UsageError
from workloads.heat.plate import WAVES, numpy_step

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate

_ENDINGS = {"--out": (".png", ".npy"), "--film": (".gif",)}
_FRAMES, _MILLISECONDS = 50, 80
# Pixels along a side at least: a point of a small plate becomes several.
_LEAST = 256


def check(path: Path, option: str) -> None:
    """Refuse before the run what cannot be written after it."""
    if path.suffix.lower() not in _ENDINGS[option]:
        raise UsageError(f"{option} {path}: ends in none of {', '.join(_ENDINGS[option])}")
    files.require_writable(path, option)


def write(path: Path, field: Float64Array) -> None:
    """Write the field: its numbers, or coloured, hot points bright."""
    import numpy as np  # noqa: PLC0415

    with files.whole_file(path) as temporary:
        if path.suffix.lower() == ".npy":
            np.save(temporary, field)
        else:
            _picture(field).save(temporary)


def write_film(path: Path, plate: Plate) -> None:
    """Solve it once more by NumPy, and write a frame each few steps."""
    old, new = plate.start()
    frames = []
    for step in range(plate.steps + 1):
        if step % max(1, plate.steps // _FRAMES) == 0:
            frames.append(_picture(old))
        numpy_step(old, new)
        old, new = new, old
    times = {"save_all": True, "duration": _MILLISECONDS, "loop": 0}
    with files.whole_file(path) as temporary:
        frames[0].save(temporary, append_images=frames[1:], **times)


def _picture(field: Float64Array) -> Any:
    try:
        from matplotlib import colormaps  # noqa: PLC0415
        from PIL import Image  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError(f"pictures need Matplotlib and Pillow: {error}") from error
    # One scale for all frames: it grows dark as it cools.
    most = sum(amplitude for amplitude, _, _ in WAVES)
    colours = colormaps["inferno"]((field + most / 2) / (1.5 * most), bytes=True)[..., :3]
    side = -(-_LEAST // len(field)) * len(field)
    return Image.fromarray(colours).resize((side, side), Image.Resampling.NEAREST)
