"""Small products in batches, as many in a call as memory holds."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 29")


def judge(module: Any) -> str:
    import numpy as np

    count, n, most, calls = 100, 8, 16, list[int]()

    class Watched(np.ndarray):  # type: ignore[misc]
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            plain = [np.asarray(each) for each in inputs]
            if ufunc is np.matmul:
                calls.append(max(each.size for each in plain) // n**2)
            if out := options.get("out"):
                options["out"] = tuple(np.asarray(each) for each in out)
            return getattr(ufunc, method)(*plain, **options)

    first, second = np.random.default_rng(1).integers(-9, 9, (2, count, n, n)).astype("f8")
    answer = module.compute(first.view(Watched), second.view(Watched), most)
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
