"""The inner loop of the Mandelbrot set, for Numba to compile."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nih 5", function="escape_time", needs=("numpy", "numba"))


def judge(module: Any) -> str:
    import numpy as np

    xs, ys, most = np.linspace(-0.74877, -0.74872, 20), np.linspace(0.06505, 0.0651, 15), 2048
    answer, want = module.compute(xs, ys, most), _image(xs, ys, most)
    if wrong := difference(answer, want):
        for more, word in ((1, "many"), (-1, "few")):
            if not difference(answer, np.where(want < most - 1, want + more, want)):
                return f"each point outside is counted 1 step too {word}: look before you step"
        if not difference(answer, _image(xs, ys, most, new_zr=True)):
            return "the new zi takes the new zr: assign both at once"
        return wrong
    edge = module.compute(np.array([-2.0]), np.array([0.0]), most)
    if wrong := difference(edge, np.array([[most - 1]], np.int32)):
        return f"c = -2: {wrong}: |z| stays 2, never > 2"
    wrong = _not_compiled(module)
    return f"the image is right, but {wrong}" if wrong else ""


def _not_compiled(module: Any) -> str:
    """Name a function that runs in Python, or of which a part does."""
    for name in "escape_time", "compute":
        if not getattr(getattr(module, name), "nopython_signatures", None):
            return f"Numba compiled no {name}: write @numba.njit above it"
    for name, function in vars(module).items():
        if any(each.lifted for each in getattr(function, "overloads", {}).values()):
            return f"in {name} objmode lets Python compute: leave it out"
    return ""


def _image(xs: Any, ys: Any, maxiter: int, *, new_zr: bool = False) -> Any:
    import numpy as np

    cr, ci = np.meshgrid(xs, ys)
    zr, zi, times = cr, ci, np.full(cr.shape, maxiter - 1, np.int32)
    with np.errstate(all="ignore"):
        for n in range(maxiter):
            times[(zr * zr + zi * zi > 4.0) & (times > n)] = n
            old, zr = zr, zr * zr - zi * zi + cr
            zi = 2.0 * (zr if new_zr else old) * zi + ci
    return times
