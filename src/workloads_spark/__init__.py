"""What the workloads need in the image hpcpy-spark alone: Spark's rows, and a cluster of ranks."""
