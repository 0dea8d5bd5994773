"""Levels of processors: the image's machine code is compiled for each (`_hpcpy_numba_build`)."""

from __future__ import annotations

import sys

# What a processor has at each level, by LLVM's names: features of the x86-64 psABI's levels;
# of aarch64's, the processor itself, since LLVM reports few features there.
_V2 = frozenset({"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"})
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
_GRACE = frozenset({"neoverse-v2", "sve2"})
_LEVELS = {
    "x86_64": {"x86-64-v4": _V4, "x86-64-v3": _V3, "x86-64-v2": _V2},
    "aarch64": {"neoverse-v2": _GRACE, "generic": frozenset({"neon"})},
}


def levels_of(triple: str) -> dict[str, frozenset[str]]:
    """Return the levels of an architecture, the highest first."""
    return _LEVELS.get(triple.partition("-")[0], {})


LEVELS = levels_of(sys.implementation._multiarch)


def level(target: tuple[str, ...]) -> str:
    """Return the highest level whose code runs on a target of numba's; "" if there is none.

    A target is, as numba's code generator has it, triple, processor and features.
    """
    triple, processor, features = target
    levels = levels_of(triple)
    if processor in levels and not features:  # NUMBA_CPU_NAME
        return processor
    has = {processor, *(name[1:] for name in features.split(",") if name.startswith("+"))}
    return next((name for name, needs in levels.items() if needs <= has), "")
