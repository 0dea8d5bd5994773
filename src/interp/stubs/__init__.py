"""Lists the MPI functions and data that linked objects want: `python -m stubs`."""
