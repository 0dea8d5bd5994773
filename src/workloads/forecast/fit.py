"""Two free parameters, fitted to measured times by their logarithms."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

# Points of an axis of the grid around the best so far; rounds; each is 2/3 as wide as the last.
_STEPS, _ROUNDS, _NARROWER = 9, 12, 3


@dataclass(frozen=True)
class Errors:
    """Relative errors of a prediction.

    Attributes
    ----------
    median, largest
        Of their absolute values.
    points
        How many values were compared.
    """

    median: float
    largest: float
    points: int

    def as_dict(self) -> dict[str, float]:
        """Return them for JSON."""
        return asdict(self)


def errors(predicted: Sequence[float], measured: Sequence[float]) -> Errors:
    """Return the relative errors of predicted values, each to the measured one."""
    sizes = [abs(one / other - 1) for one, other in zip(predicted, measured, strict=True)]
    return Errors(statistics.median(sizes), max(sizes), len(sizes))


def fitted(
    predict: Callable[[float, float], Sequence[float]],
    measured: Sequence[float],
    ranges: Sequence[tuple[float, float]],
) -> tuple[float, float]:
    """Return the two parameters with the least squares of log(predicted / measured).

    Parameters
    ----------
    predict
        Takes both parameters, and returns what the model says for each case.
    measured
        The value of each case, above 0.
    ranges
        The least and the most of each parameter, above 0, in the first round.  Later rounds
        may go beyond them.
    """
    logs = [math.log(value) for value in measured]

    def squares(parameters: Iterable[float]) -> float:
        said = predict(*map(math.exp, parameters))
        return sum((math.log(one) - log) ** 2 for one, log in zip(said, logs, strict=True))

    middle = [math.log(low * high) / 2 for low, high in ranges]
    half = [math.log(high / low) / 2 for low, high in ranges]
    for _ in range(_ROUNDS):
        axes = [
            [at + width * (2 * step / (_STEPS - 1) - 1) for step in range(_STEPS)]
            for at, width in zip(middle, half, strict=True)
        ]
        middle = list(min(itertools.product(*axes), key=squares))
        half = [width * 2 / _NARROWER for width in half]
    first, second = map(math.exp, middle)
    return first, second
