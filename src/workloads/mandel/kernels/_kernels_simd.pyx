# cython: language_level=3, boundscheck=False, wraparound=False
"""escape_simd.c at several levels of processors; `levels` are those of this one, best first."""

from libc.stdint cimport int32_t, int64_t

cdef extern from *:
    """
    typedef void kernel(const double *, int64_t, const double *, int64_t, int32_t, int32_t *,
                        int64_t *);
    extern kernel fill_v2, fill_v3, fill_v4, fill_a;

    /* Return the kernel of a level; NULL where it does not run. */
    static kernel *of_level(const char *name)
    {
    #if defined(__x86_64__)
        if (strcmp(name, "x86-64-v4") == 0)
            return __builtin_cpu_supports("x86-64-v4") ? fill_v4 : NULL;
        if (strcmp(name, "x86-64-v3") == 0)
            return __builtin_cpu_supports("x86-64-v3") ? fill_v3 : NULL;
        if (strcmp(name, "x86-64-v2") == 0)
            return __builtin_cpu_supports("x86-64-v2") ? fill_v2 : NULL;
        return NULL;
    #else
        return strcmp(name, "armv8-a") == 0 ? fill_a : NULL;
    #endif
    }
    """
    ctypedef void kernel(const double *, int64_t, const double *, int64_t, int32_t, int32_t *,
                         int64_t *) noexcept nogil
    kernel *of_level(const char *name)


levels = [
    name for name in ("x86-64-v4", "x86-64-v3", "x86-64-v2", "armv8-a") if of_level(name.encode())
]
if not levels:
    raise ImportError("the kernels need a processor of x86-64-v2 or armv8-a")


def fill(
    const double[::1] xs,
    const double[::1] ys,
    int maxiter,
    int32_t[:, ::1] out,
    int64_t[::1] counter=None,
    str level=levels[0],
):
    """Fill `out` with the escape times of all ``xs`` × ``ys``.

    With a `counter`, an int64 that starts at 0, several calls share the rows: each takes the
    next that nobody has, until there are none.

    Raises
    ------
    ValueError
        When `out` is not of shape ``(len(ys), len(xs))``, the counter of 1, or the processor
        not of the level.
    """
    cdef int64_t from_the_start = 0
    cdef int64_t *next = &from_the_start
    cdef kernel *run = of_level(level.encode())
    if run == NULL:
        raise ValueError(f"this processor is not {level}")
    if out.shape[0] != ys.shape[0] or out.shape[1] != xs.shape[0]:
        raise ValueError("out has another shape than ys × xs")
    if counter is not None:
        if counter.shape[0] != 1:
            raise ValueError("the counter is not one number")
        next = &counter[0]
    with nogil:
        run(&xs[0], xs.shape[0], &ys[0], ys.shape[0], maxiter, &out[0, 0], next)
