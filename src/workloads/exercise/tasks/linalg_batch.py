"""Small products in batches, as many in a call as memory holds."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 29")


def judge(module: Any) -> str:
    import numpy as np

    count, n, most, calls = 100, 8, 16, list[int]()
    watched = _watched(calls, n**2)
    first, second = np.random.default_rng(1).integers(-9, 9, (2, count, n, n)).astype("f8")
    answer = module.compute(first.view(watched), second.view(watched), most)
    if wrong := difference(answer, first @ second):
        if not calls and not difference(answer, first * second):
            return "* multiplies element by element: @ is the product of matrices"
        return f"only {sum(calls)} matrices were multiplied" if sum(calls) < count else wrong
    if sum(calls) < count:
        return f"the products are right, but @ or np.matmul made {sum(calls)} of {count}"
    if max(calls) > most:
        return f"the products are right, but a call has {max(calls)} matrices, not {most} at most"
    if len(calls) > (fewest := -(-count // most)):
        return f"the products are right, but by {len(calls)} calls: {fewest} are enough"
    return ""


def _watched(calls: list[int], size: int) -> Any:
    """Return a class of arrays that note how many matrices of a size each product has."""
    import numpy as np

    class Watched(np.ndarray):  # type: ignore[misc]
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            plain = [np.asarray(each) for each in inputs]
            if ufunc is np.matmul:
                calls.append(max(each.size for each in plain) // size)
            if out := options.get("out"):
                options["out"] = tuple(np.asarray(each) for each in out)
            return getattr(ufunc, method)(*plain, **options)

        def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
            if function not in (np.einsum, np.dot, np.tensordot):
                return super().__array_function__(function, types, args, options)
            plain = [each.view(np.ndarray) if isinstance(each, Watched) else each for each in args]
            calls.append(max(np.size(each) for each in plain) // size)
            return function(*plain, **options)

    return Watched
