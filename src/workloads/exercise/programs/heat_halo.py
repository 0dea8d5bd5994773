# Each rank has a strip of a plate: `block`, an array with its rows, and one more above and below
# them for the rows of its neighbours, the halo. Fill both by comm.Sendrecv. `up` and `down` are
# the ranks of the neighbours; at the ends of the plate MPI.PROC_NULL, from which nothing comes.
#
# comm.Sendrecv(row, dest, recvbuf=other, source=rank) sends one row and receives another.
#
# Hint: What goes up comes from below: it is for block[-1], the lower halo.


def exchange(comm, block, up, down):
    """Fill the first and the last row of `block`."""
    # Hole: one Sendrecv upwards, one downwards
    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)
    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)
    # End of the hole.


# Part 2, which is harder: columns.
#
# Strips of columns now: fill the first and the last column of `block` by the neighbours' outer
# ones. A column does not lie together in memory, and Sendrecv refuses it: send a copy, receive
# into an array of its own, and mind the ends, where nothing comes and nothing may change.
#
# Hint: receive into a copy of the halo's column, and write the copy back. At an end, where nothing
# comes, the copy has what the column had.


def columns(comm, block, left, right):
    """Fill the first and the last column of `block`."""
    # Hole: copies of columns, sent as the rows were
    halo = block[:, -1].copy()
    comm.Sendrecv(block[:, 1].copy(), left, recvbuf=halo, source=right)
    block[:, -1] = halo
    halo = block[:, 0].copy()
    comm.Sendrecv(block[:, -2].copy(), right, recvbuf=halo, source=left)
    block[:, 0] = halo
    # End of the hole.
