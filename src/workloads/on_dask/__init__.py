"""A Dask cluster of a job's ranks: docs/sites.md has more."""
