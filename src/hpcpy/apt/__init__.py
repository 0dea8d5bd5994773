"""Debian's packages as the machine's mirror has them, by apt's own look-ups.

`hpcpy.apt.mirrors` knows where the mirror is, `hpcpy.apt.private` runs apt apart
from the host's and reads what it would download, and `hpcpy.apt.offers` says what
the mirror has for the lock.
"""
