"""Measure where arrays are best written: on a disk, in memory, on a distributed file system."""
