"""A cluster of a job's ranks: what `workloads.on_dask` and `workloads.on_spark` share."""
