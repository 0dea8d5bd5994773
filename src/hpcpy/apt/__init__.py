"""Debian's packages as the machine's mirror has them, by apt's own look-ups."""
