"""Modules over MPI instead of from the file system: what users of ordinary packages can do.

`mpi_import` is one file of its own, for any Python that has mpi4py; nothing of hpcpy
imports it.

What rank 0 finds goes out in its order, several modules in a message.  Another rank
takes messages until the module that it wants has come: it may import in another order.
What rank 0 does not import is looked for in the file system, after the last message.
An extension module's ``__file__`` names the node's copy.

Not sent: Python's own start, mpi4py, and what a package reads or opens by itself, as
data files and libraries by ctypes.
"""
