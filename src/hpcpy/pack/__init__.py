"""``hpcpy pack``: any environment in one file, in place, behind its own commands."""
