"""List the MPI functions and data that linked objects need: `python -m stubs`."""
