"""One technique a file, with a function for each problem that it is for.

Each function takes the problem (`workloads.linalg.problems`) and the workers that
has the workers; it returns its answer and a note for the report:

``eigh(problem, workers) -> ((values, vectors), note)``
    Those of ``problem.matrix()``, as NumPy arrays; ``gram`` is the same function.
``tasks(problem, workers) -> (errors, note)``
    One pair for each of ``problem.seeds()``, as `definition.solve` returns it.
``dot(problem, workers) -> (product, note)``
    The product of ``problem.factors()``, as a NumPy array.
``addone(problem, workers) -> (total, note)``
    The sum of 0, 1, … n − 1 after 1 was added to each.
``mean(problem, workers) -> (mean, note)``
    The mean of 0, 1, … n − 1, by `definition.mean_of` with any library.

An MPI technique is called on every rank together; the answer is what it returns
on rank 0.
"""
