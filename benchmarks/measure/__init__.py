"""Measure what a start of Python costs in path calls and time, and what a container adds."""
