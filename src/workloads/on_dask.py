"""The former name of ``python -m hpcpy_job on_dask``."""

from workloads import former

if __name__ == "__main__":
    former.run("on_dask")
