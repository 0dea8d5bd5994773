"""A real Slurm of two nodes on this machine: ``make cluster``.

`layout` names all that belongs to one, `config` writes what Slurm reads,
`node` is the first process of a node, `network` joins them, `processes`
starts and ends them, `health` asks Slurm, `machines` brings all of it up,
`life` holds and removes it, `command` is what make calls.
"""
