"""The former name of ``python -m hpcpy_job traced``."""

from workloads import former

if __name__ == "__main__":
    former.run("traced")
