"""Programs that got another function's code from what was kept, and what each prints by arguments.

Their lines matter: numba names a function's file by the line.  They run in this order with one
cache.
"""

PROGRAMS = {
    "same.py": ("""\
from numba import njit
add, mul = njit(cache=True)(lambda a, b: a + b), njit(cache=True)(lambda a, b: a * b)

def op(which):
    if which:
        @njit
        def step(x): return x + 1
    else:
        @njit
        def step(x): return x * 10
    return step

def twice(step):
    @njit(cache=True)
    def f(x): return step(step(x))
    return f

print("add(2,3)", add(2, 3), "mul(2,3)", mul(2, 3))
print("plus", twice(op(True))(5), "times", twice(op(False))(5))
""", {"": "add(2,3) 5 mul(2,3) 6\nplus 7 times 500\n"}),
    "va.py": ("""\
import numpy as np
from numba import vectorize
@vectorize(["float64(float64)"], cache=True)
def f(x): return x + 1
print("A: 5 + 1 =", f(np.array([5.0]))[0])
""", {"": "A: 5 + 1 = 6.0\n"}),
    "vb.py": ("""\
import numpy as np
from numba import vectorize
@vectorize(["float64(float64)"], cache=True)
def f(x): return x * 10
print("B: 5 * 10 =", f(np.array([5.0]))[0])
""", {"": "B: 5 * 10 = 50.0\n"}),
    "wr.py": ("""\
import functools
import numpy as np
from numba import njit
@njit(cache=True)
def other(x): return x
other(1.0)
@njit(cache=True)
@functools.wraps(np.fliplr)
def f(m): return m + 100
print("f(1.0) =", f(1.0))
""", {"": "f(1.0) = 101.0\n"}),
    "wr3.py": ("""\
# unrelated program, the same folder of kernels
import functools
import numpy as np
from numba import njit
@njit(cache=True)
def other(x): return x
@njit(cache=True)

@functools.wraps(np.fliplr)
def f(m): return m * 1000
print("f(1.0) =", f(1.0))
""", {"": "f(1.0) = 1000.0\n"}),
    "options.py": ("""\
import numba
from numba import njit
def ratio(x, y): return x / y + 0.5
for more in ({}, {"error_model": "numpy"}, {"locals": {"x": numba.int8}}):
    f = njit(cache=True, **more)(ratio)
    try: print(f(1.5, 0.0), f(300, 7) > 40)
    except ZeroDivisionError: print("by zero", f(300, 7) > 40)
""", {"": "by zero True\ninf True\nby zero False\n"}),
    "kinds.py": ("""\
import sys
from collections import namedtuple
from enum import IntEnum
from numba import njit, stencil
import numpy as np
P, K = namedtuple("P", sys.argv[1].split(",")), int(sys.argv[2])
p, S = P(1, 2), slice(0, K)
class E(IntEnum): A = 1; B = 2; C = K
@stencil
def s(a): return a[-1] + K * a[1]
@njit(cache=True)
def f(a): return p.a, E.C, a[S].sum(), s(a)[1]
print(*map(int, f(np.arange(5.0))))
""", {"a,b 1": "1 1 0 2\n", "b,a 1": "2 1 0 2\n", "a,b 2": "1 2 1 4\n"}),
}  # fmt: skip
