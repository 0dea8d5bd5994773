"""One family of techniques a file, and one function each, which the registry names.

``function(problem, workers) -> (answer, note)``: the problem is `problems.Problem`, the note is
for the report. The answer of ``eigh`` and ``gram`` is (values, vectors), of ``tasks`` both
errors of each, as `definition.solve` returns them, of ``dot`` the product, of ``addone`` a
number: NumPy's arrays, never a GPU's. All ranks call one for MPI; rank 0's answer counts.
"""
