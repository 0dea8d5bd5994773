"""Products of whole numbers: exact in doubles, whatever multiplies them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from workloads.exercise.judges.mandel import described

_COUNT, _N, _MOST = 100, 32, 16
# The hash of all products, in little-endian doubles.
SHA256 = "3f99c44a819b4c69c1fd6398903db27d3788c2cb4912550559697aa2e589c745"


def batched(compute: Callable[..., Any], _: Any) -> str:
    """Judge a function that multiplies two stacks of matrices."""
    calls: list[int] = []
    stacks = [_stack(factor).view(_watched(calls)) for factor in (7, 5)]
    found = compute(*stacks, _MOST)
    want = _stack(7) @ _stack(5)
    if not isinstance(found, np.ndarray) or found.shape != want.shape:
        return f"{described(found)}, not of shape {want.shape}"
    # Adding 0.0 turns -0.0 into 0.0.
    got = np.asarray(found, "<f8") + 0.0
    if hashlib.sha256(got.tobytes()).hexdigest() != SHA256:
        place = tuple(int(index[0]) for index in (got != want).nonzero())
        return "matrix {} row {} column {}: ".format(*place) + f"{got[place]}, not {want[place]}"
    return _sizes(calls)


def _sizes(calls: list[int]) -> str:
    if max(calls, default=0) > _MOST:
        return f"the products are right, but a call has {max(calls)} matrices, not {_MOST} at most"
    if len(calls) > (fewest := -(-_COUNT // _MOST)):
        return f"the products are right, but by {len(calls)} calls: {fewest} are enough"
    return ""


def _stack(factor: int) -> Any:
    k, i, j = np.ogrid[:_COUNT, :_N, :_N]
    return ((factor * i + 3 * j + 11 * k + i * j) % 19 - 9).astype("f8")


def _watched(calls: list[int]) -> type:
    """Return a class of arrays that notes in `calls` how many matrices each product has."""

    class Watched(np.ndarray):  # type: ignore[misc]
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            plain = [_plain(each) for each in inputs]
            if "out" in options:
                options["out"] = tuple(_plain(each) for each in options["out"])
            if ufunc is np.matmul:
                calls.append(max(each.size for each in plain) // _N**2)
            return getattr(ufunc, method)(*plain, **options)

    return Watched


def _plain(array: Any) -> Any:
    return array.view(np.ndarray) if isinstance(array, np.ndarray) else array
