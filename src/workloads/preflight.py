"""The former name of ``python -m hpcpy_job preflight``."""

from workloads import former

if __name__ == "__main__":
    former.run("preflight")
