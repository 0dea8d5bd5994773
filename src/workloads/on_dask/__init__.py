"""A Dask cluster of a job's ranks: docs/how-to/sites.md has more."""
