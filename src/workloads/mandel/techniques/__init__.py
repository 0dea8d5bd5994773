"""The techniques, those of one kind in a file.

One of one core is ``fill(xs, ys, maxiter, out)``: it fills ``out[row, column]``, int32
of shape ``(len(ys), len(xs))``, with the escape time of ``xs[column] + i ys[row]``.

One of many is ``compute(grid, rows, out, workers) -> note``: it fills ``out[k]`` with
row ``rows[k]`` of the grid, by the workers; the note is what the report should say. If
it can use any kernel (`one_core` is ``KERNELS``), its fifth argument names the kernel.
An MPI technique is called on every rank together and fills `out` on rank 0; only there
does `out` have that shape.
"""
