"""Starts of Python by many ranks on a file system with a metadata server: ``make storm``.

- The file system: `machines` starts MooseFS beside the local cluster's nodes, `mounts` has a
  mount for each node and copies files in, `counts` reads what a mount asks.
- What starts: `configurations` is the table of ways to have Python there, made of
  `configuration` and `on_nodes`; `mpi_import` is the hook of one of them; `programs` are what
  a rank runs, and `images` what the files come from.
- A measurement: `command` is what make calls, `plan` takes all cases in turns, `samples` one
  case, `launch` starts its ranks; `report` and `storm_chart` show them.
- At a centre: `at_site` writes a script for sbatch, and takes the samples in its job.
"""
