"""Requests for tests, from words as users type them."""

from hpcpy.commands import parse
from hpcpy.launch.options import Request, read_request

PI = ("--", "-m", "workloads", "pi", "--impl", "mpi")


def requested(*words: str) -> Request:
    """Return the request of some words; without a program, of the workload pi."""
    return read_request(parse(["launch", *words, *(() if "--" in words else PI)]))
