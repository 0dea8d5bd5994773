"""One technique a file, each with the same function.

``compute(grid, rows, out, workers) -> note`` fills ``out[k]``, an int32 array of
shape ``(len(rows), grid.width)``, with the escape times of row ``rows[k]``.
`workers` has the workers that it may use; the note is what the report should say,
or an empty string. An MPI technique is called on every rank together and fills
`out` on rank 0; only there does `out` have that shape.

A module may also have ``limit(tests) -> seconds``: it measures the least
processor time that one core needs for so many tests. It is called after each
repetition, and the report compares the two times.
"""
