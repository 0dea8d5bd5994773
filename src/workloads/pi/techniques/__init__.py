"""One technique a file, each with the same function.

``compute(pairs, seed, workers) -> (hits, note)`` counts the hits among `pairs`
pairs of its family's stream (see `workloads.pi.definition`). `workers` has the
workers that it may use; the note is what the report should say, or an empty
string. An MPI technique is called on every rank together; the result is what
it returns on rank 0.
"""
