# Fill the first and the last row of `block`, the halo, by the neighbours' outer rows. block[1]
# goes up and block[-2] down; `up` and `down` are MPI.PROC_NULL at the ends of the plate.
#
# Use comm.Send(row, dest) and comm.Recv(row, source). Send may wait until somebody receives: MPI
# copies short messages, and long ones not. If all ranks send down first, the last has nobody below:
# it alone receives, then the one above it, and so on, one after the other. If all send both rows
# first, all wait for ever. Let even ranks send first and odd ranks receive first.
#
# Hint: Follow one message: whoever sends downwards meets a rank that receives from above.


def exchange(comm, block, up, down):
    """Fill the first and the last row of `block`."""
    # Hole: even ranks send first, odd ranks receive first
    if comm.rank % 2 == 0:
        comm.Send(block[-2], down)
        comm.Recv(block[-1], down)
        comm.Send(block[1], up)
        comm.Recv(block[0], up)
    else:
        comm.Recv(block[0], up)
        comm.Send(block[1], up)
        comm.Recv(block[-1], down)
        comm.Send(block[-2], down)
    # End of the hole.


# Part 2, which is harder: around.
#
# The plate is a ring now: each rank sends `row` to the next one, the last one to rank 0, and
# receives into `other` from the one before. By Send and Recv alone, on any number of ranks: an odd
# one, too, and one.
#
# Hint: If all send first, nobody receives. Even ranks send first here, too: of an odd number the
# last one waits for rank 0 alone.


def around(comm, row, other):
    """Fill `other` by the row of the rank before, on a ring."""
    # Hole: even ranks send first; alone there is nobody to meet
    after, before = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    if comm.size == 1:
        other[:] = row
    elif comm.rank % 2 == 0:
        comm.Send(row, after)
        comm.Recv(other, before)
    else:
        comm.Recv(other, before)
        comm.Send(row, after)
    # End of the hole.
