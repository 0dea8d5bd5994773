"""One family of techniques a file, and one function each, which the registry names.

``function(problem, workers) -> (answer, note)``: the problem is `problems.Problem`, the
note is for the report. The answer of ``eigh`` and ``gram`` is (values, vectors), of
``tasks`` both errors of each, as `definition.solve` returns them, of ``dot`` the product,
of ``addone`` and ``mean`` a number: NumPy's arrays, never a GPU's. An MPI technique is
called on every rank together; the answer is what it returns on rank 0.
"""
