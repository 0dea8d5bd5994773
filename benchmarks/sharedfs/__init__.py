"""Starts of Python by many ranks on a file system with a metadata server: ``make storm``.

- The file system: `machines` starts MooseFS beside the local cluster's nodes, `mounts` has a
  mount for each node and copies files in, `counts` reads what a mount asks.
- What starts: `configurations` is the table of ways to have Python there, `programs` are what
  a rank runs.
- A measurement: `samples` takes a case, cold and warm, and `launch` starts its ranks.
"""
