"""Requests for tests, from words as users type them."""

from hpcpy.core.parser import Parser
from hpcpy.launch.options import Request, add_options, add_program, read_request

PI = ("--", "-m", "workloads", "pi", "--impl", "mpi")


def requested(*words: str) -> Request:
    """Return the request of some words; without a program, of the workload pi."""
    parser = Parser(prog="hpcpy launch")
    add_options(parser)
    add_program(parser)
    return read_request(parser.parse_args([*words, *(() if "--" in words else PI)]))
