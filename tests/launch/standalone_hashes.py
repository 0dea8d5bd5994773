"""Print the hashes of a million values of functions that may hang on the C library."""

import hashlib
import math

import numba
import numpy as np

NUMBERS = np.random.default_rng(7).uniform(0.001, 30, 1_000_000)
# numpy computes these by itself where the processor has AVX-512, else by the C library.
ONE = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh"),
)
TWO = ("power", "fmod", "arctan2", "hypot")
OF_PYTHON = (math.erf, math.gamma, math.lgamma, math.exp, math.tan)


@numba.njit  # type: ignore[untyped-decorator]
def compiled(numbers: np.ndarray) -> np.ndarray:
    found = np.empty_like(numbers)
    for i in range(len(numbers)):
        x = numbers[i]
        found[i] = np.exp(-x) + np.sin(x) * np.log(x) + x**0.3 + x % 0.7
    return found


def show(name: str, values: np.ndarray) -> None:
    print(name, values.dtype, hashlib.sha256(values.tobytes()).hexdigest()[:16])


def main() -> None:
    for numbers in (NUMBERS, NUMBERS.astype(np.float32)):
        for name in ONE:
            # Within -1 and 1, where each of them has a value.
            show(name, getattr(np, name)(numbers / 30 if name.startswith("arc") else numbers))
        for name in TWO:
            show(name, getattr(np, name)(numbers, numbers[::-1] / 7))
    for function in OF_PYTHON:
        found = [function(number) for number in NUMBERS[:10_000].tolist()]
        show(function.__name__, np.array(found))
    show("numba", compiled(NUMBERS))


if __name__ == "__main__":
    main()
