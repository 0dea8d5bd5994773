"""The workloads' kernels in C, each level under sanitizers: they answer as plain Python does."""

from __future__ import annotations

import platform
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fuzzing import DRIVERS, SANITIZED, Driver, cases, compiled, started, text
from hypothesis import given
from hypothesis import strategies as st

WORKLOADS = Path(__file__).parents[2] / "src/workloads"
FOLDERS = [WORKLOADS / name / "kernels" for name in ("mandel", "pi", "harness")]
# As recipes/kernels.sh compiles them, but for the sanitizers.
EXACT = ("-ffp-contract=off", "-fno-strict-aliasing", *SANITIZED, *(f"-I{one}" for one in FOLDERS))
OF_MANDEL = ("v2", "v3", "v4")
OF_PI = (*OF_MANDEL, "v4_ifma")
KEYS = st.sampled_from([0, 1, 2022, 2**32, 2**64 - 1])


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    if platform.machine() != "x86_64":
        pytest.skip("levels of x86-64")
    folder = tmp_path_factory.mktemp("kernels")
    sources = [(one, level) for one in ("escape", "limit") for level in OF_MANDEL]
    sources += [("philox", level) for level in OF_PI]
    objects = []
    for name, level in sources:
        (source,) = WORKLOADS.glob(f"*/kernels/{name}_simd.c")
        objects.append(folder / f"{name}_{level}.o")
        ifma = ("-mavx512ifma",) if level == "v4_ifma" else ()
        machine = (f"-march=x86-64-{level.removesuffix('_ifma')}", *ifma, f"-DLEVEL={level}", "-c")
        compiled(objects[-1], source, options=(*EXACT, *machine))
    main = DRIVERS / "fuzz_kernels.c"
    program = compiled(folder / "kernels", main, *objects, options=EXACT)
    with started(program) as found:
        yield found


def ask(kernels: Driver, what: str, level: str, *fields: bytes) -> list[str]:
    answer = kernels.ask(text(what), text(level), *fields).decode().split()
    if not answer:
        pytest.skip(f"this processor has not the level {level}")
    return answer


def philox(block: int, key: int) -> tuple[int, int, int, int]:
    """Return the four words of a block of NumPy's Philox stream."""
    most = 2**64 - 1
    words, keys = (block + 1, 0, 0, 0), (key, 0)
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
        words = (
            second >> 64 ^ words[1] ^ keys[0],
            second & most,
            first >> 64 ^ words[3] ^ keys[1],
            first & most,
        )
        keys = (keys[0] + 0x9E3779B97F4A7C15 & most, keys[1] + 0xBB67AE8584CAA73B & most)
    return words


def hits(first: int, end: int, key: int) -> int:
    count = 0
    for pair in range(first, end):
        two = philox(pair // 2, key)[pair % 2 * 2 :][:2]
        x, y = (float(word >> 11) for word in two)
        count += x * x + y * y < 2.0**106
    return count


@pytest.mark.parametrize("level", OF_PI)
def test_pi_has_the_stored_count(kernels: Driver, level: str) -> None:
    # The counts are those of tests/image/test_pi_kernels.py.
    for end, count in ((1_000, "797"), (20_000_000, "15705172")):
        assert ask(kernels, "pi", level, struct.pack("<3Q", 0, end, 2022)) == [count]


@pytest.mark.parametrize("level", OF_PI)
@cases(60)
@given(
    first=st.integers(0, 200) | st.sampled_from([2**33 - 1, 2**52 + 1, 2**62 - 700]),
    length=st.integers(0, 600),
    key=KEYS,
)
def test_pi_counts_any_part_of_the_stream(
    kernels: Driver, level: str, first: int, length: int, key: int
) -> None:
    answer = ask(kernels, "pi", level, struct.pack("<3Q", first, first + length, key))
    assert answer == [str(hits(first, first + length, key))]


def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return the same as workloads.mandel.definition, by the same roundings."""
    zr, zi = cr, ci
    for test in range(maxiter):
        if zr * zr + zi * zi > 4.0:
            return test
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
    return maxiter - 1


COORDINATES = st.floats(-2.5, 2.5) | st.sampled_from(
    [0.0, -0.75, 0.25, 2.0, -2.0, 1.9999999, 1e300, -1e308, float("inf")]
)


@pytest.mark.parametrize("level", OF_MANDEL)
@cases(60)
@given(
    xs=st.tuples(st.lists(COORDINATES, min_size=1, max_size=9), st.integers(1, 40)),
    ys=st.lists(COORDINATES, min_size=1, max_size=4),
    maxiter=st.integers(1, 160),
)
def test_mandel_has_the_time_of_each_pixel(
    kernels: Driver, level: str, xs: tuple[Sequence[float], int], ys: Sequence[float], maxiter: int
) -> None:
    # A few pixels, repeated, make a row that is wider than a level's groups.
    few, times = xs
    packed = (struct.pack(f"<{len(one)}d", *one) for one in ([*few] * times, ys))
    answer = ask(kernels, "mandel", level, text(str(maxiter)), *packed)
    rows = [[escape_time(x, y, maxiter) for x in few] * times for y in ys]
    assert [*map(int, answer)] == [time for row in rows for time in row]


@pytest.mark.parametrize("level", OF_MANDEL)
def test_the_limit_of_the_processor_is_started_to_its_end(kernels: Driver, level: str) -> None:
    # The sum of all chains' values, which grow with each test.
    none, some, more = (
        float(ask(kernels, "limit", level, text(tests))[0]) for tests in ("0", "14", "140")
    )
    assert none < some < more
