"""One family of techniques a file, and one function each, which the registry names.

``function(pairs, seed, workers) -> (hits, note)`` counts the hits among `pairs` pairs of its
stream (see `workloads.pi.definition`, which also has pure Python and NumPy). The note is for
the report. An MPI technique is called on every rank together; rank 0's result counts.
"""
