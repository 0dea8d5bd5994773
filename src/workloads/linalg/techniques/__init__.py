"""One technique a file, with a function for each problem that it is for.

Each is given the problem (`workloads.linalg.problems`) and the team that has
the workers, and returns what it has found with a note for the report:

``eigh(problem, team) -> ((values, vectors), note)``
    of ``problem.matrix()``, as NumPy arrays; ``gram`` is the same function.
``tasks(problem, team) -> (errors, note)``
    one pair for each of ``problem.seeds()``, as `definition.solve` gives it.
``dot(problem, team) -> (product, note)``
    of ``problem.factors()``, as a NumPy array.
``addone(problem, team) -> (total, note)``
    the sum of 0, 1, … n − 1 after 1 was added to each.
``mean(problem, team) -> (mean, note)``
    of 0, 1, … n − 1, by `definition.mean_of` whatever the library.

An MPI technique is called on every rank together; what counts is what it
returns on rank 0.
"""
