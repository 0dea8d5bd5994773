"""Modules that `import numba` loads for single functions come with the first value of theirs."""

import sys

import pytest

from running import run
from tiers import sampled

LATE = (
    "numba.experimental.jitclass.overloads",
    "numpy.random",
    "numpy.polynomial",
    "zipfile",
    "html",
    "importlib.resources",
    "tempfile",
)


def printed_by(program: str) -> str:
    return run(sys.executable, "-c", program, check=True).stdout.strip()


def test_an_import_of_numba_leaves_them_out() -> None:
    assert printed_by(f"import numba, sys; print(*sys.modules.keys() & {set(LATE)!r})") == ""


# What makes a value, and numba's type of it.
VALUES = [
    ("np.random.default_rng(1)", "NumPyRandomGeneratorType"),
    ("type('Own', (np.random.MT19937,), {})(1)", "NumPyRandomBitGeneratorType"),
    ("np.polynomial.Polynomial([1.0, 2.0])", "PolynomialType"),
    # A value of another kind, which no type has either, comes before.
    ("(numba.typeof(memoryview(b'a')), np.random.default_rng(1))[1]", "NumPyRandomGeneratorType"),
]


@pytest.mark.parametrize(("value", "kind"), VALUES)
def test_a_value_has_its_type_in_a_process_that_has_had_none(value: str, kind: str) -> None:
    program = f"import numba, numpy as np; print(type(numba.typeof({value})).__name__)"
    assert printed_by(program) == kind


DRAWN = """
import numba, numpy as np, threading
answers, registry = [], numba.extending.typeof_impl.registry
before = len(registry)

def ask(make):
    answers.append(numba.typeof(make()))

kinds = [lambda: np.random.default_rng(1), lambda: np.polynomial.Polynomial([1.0, 2.0])] * 8
threads = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
# Nothing is registered meanwhile: "dictionary changed size during iteration" in another thread.
print(len(answers), len(set(map(str, answers))), len(registry) - before)

@numba.njit
def draw(generator):
    return generator.random()

print(draw(np.random.default_rng(1)) == np.random.default_rng(1).random())

class Mine(np.random.PCG64):
    pass

numba.extending.typeof_impl.register(Mine)(lambda value, context: numba.types.int8)
print(numba.typeof(Mine(1)), numba.typeof(np.random.PCG64(1)))
"""


def test_threads_compiled_code_and_a_program_s_own_type_get_the_same() -> None:
    first, second, third = printed_by(DRAWN).splitlines()
    assert (first, second) == ("16 2 0", "True")
    assert third.startswith("int8 ")
    assert "BitGenerator" in third


RULES = """
import sys, threading
from numba import njit, types
from numba.core.typeconv import rules
print(vars(rules).keys() & {"default_type_manager", "default_casting_rules"})
if "own" in sys.argv:  # A rule before the first dispatcher counts.
    rules.default_casting_rules.safe(types.int64, types.voidptr)
made = []
threads = [threading.Thread(target=lambda: made.append(njit(lambda x: x + 1))) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len({id(each._tm) for each in made}), {each(1) for each in made})
print(made[0]._tm.check_compatible(types.int64, types.voidptr))
"""


@pytest.mark.parametrize(("word", "kind"), sampled([("own", "3"), ("", "4")]))
def test_the_rules_of_types_are_made_once_and_before_any_use(word: str, kind: str) -> None:
    done = run(sys.executable, "-c", RULES, word, check=True)
    assert done.stdout.splitlines() == ["set()", "1 {2}", kind]
