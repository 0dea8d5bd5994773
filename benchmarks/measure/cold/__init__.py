"""Measure starts on a fresh mount of their image, as each ``apptainer exec`` makes one."""
