"""Pinned files into the cache: verified, resumed, from the first source that has them.

`hpcpy.fetch.many` fetches artifacts side by side, `hpcpy.fetch.one` takes one
through its sources, `hpcpy.fetch.download` brings one file from one source, and
`hpcpy.fetch.connection` talks HTTP.  `hpcpy.fetch.debian` adds what happens to
packages that have left the mirror.
"""
