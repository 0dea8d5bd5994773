"""One technique a file, each with the same two functions.

``compute(series, folder, workers) -> note`` computes and writes the arrays of
`series` (see `workloads.write.definition`) into `folder`, which is empty;
each file has a temporary name until it is complete
(`workloads.write.files.completed`). `workers` has the workers that it may use; the
note is what the report should say, or an empty string. An MPI technique is
called on every rank together. When a rank cannot write, the others must still
reach their end; the rank raises `OutputError` when it reaches its own.

``read(folder, series, wanted=None)`` gives the arrays back: one of
`workloads.write.reading`.
"""
