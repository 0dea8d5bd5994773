"""The inner loop of the Mandelbrot set, for Numba to compile."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from workloads.exercise.judging import difference, lines_run
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
    # Once more, now that all is compiled: of Numba's code no line is counted.
    again, lines = lines_run(module, lambda: module.compute(xs, ys, most))
    if wrong := difference(again, want):
        return f"when it is called again, {wrong}"
    wrong = _not_compiled(module, is_short=lines < len(ys))
    return f"the image is right, but {wrong}" if wrong else ""


def _not_compiled(module: Any, *, is_short: bool) -> str:
    """Name a function that runs in Python, or of which a part does.

    A compute that is short may be Python: one call of what has the loops.
    """
    for name in "escape_time", "compute":
        function = getattr(module, name)
        if name == "compute" and is_short and isinstance(function, FunctionType):
            continue
        if getattr(function, "targetoptions", {}).get("inline") == "always":
            continue  # It is compiled within compute.
        if all(each.objectmode for each in _compiled(function)):
            return f"Numba compiled no {name}: write @numba.njit above it"
    for name, function in vars(module).items():
        if any(each.lifted for each in _compiled(function)):
            return f"in {name} objmode lets Python compute: leave it out"
    return ""


def _compiled(function: Any) -> list[Any]:
    """Return what Numba has compiled of a function, also of one that @numba.vectorize made."""
    if type(function).__module__.startswith("numba.np.ufunc"):
        function = getattr(function, "_dispatcher", None)
    overloads = getattr(function, "overloads", {})
    return [*overloads.values()] if isinstance(overloads, dict) else []


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
