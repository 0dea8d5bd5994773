"""One technique a file, each with a class ``Channel``: see `workloads.p2p.channel`.

A channel carries one message of a fixed length out of this rank and one of
the same length into it.  All ranks open and close their channels together; in
between only ranks that send or receive call them.
"""
