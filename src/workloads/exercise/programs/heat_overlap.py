# compute(first, last) does the rows of a strip from `first` to before `last`. The strip has the
# rows 1 to `rows`; row 1 needs the upper halo, block[0], row `rows` the lower one, block[-1], and
# no other row needs any. So start the halo by comm.Irecv and comm.Isend, compute the inner rows
# meanwhile, wait by MPI.Request.Waitall(requests), and compute the two outer rows.
#
# block[1] goes up and block[-2] down; at the ends of the plate a neighbour is MPI.PROC_NULL.
#
# Hint: compute(2, rows) stands between Isend and Waitall.

from mpi4py import MPI


def step(comm, block, up, down, rows, compute):
    """Fill the halo of `block`, and have each of its rows computed once."""
    # Hole: start, compute the inner rows, wait, compute the outer rows
    halo = [comm.Irecv(block[0], up), comm.Irecv(block[-1], down)]
    halo += [comm.Isend(block[1], up), comm.Isend(block[-2], down)]
    compute(2, rows)
    MPI.Request.Waitall(halo)
    compute(1, 2)
    compute(rows, rows + 1)
    # End of the hole.


# Part 2, which is harder: as_they_come.
#
# Waitall waits for the slower neighbour, and the row at the other side could have been computed
# meanwhile. as_they_come does what step does, but computes each outer row as soon as its own halo
# is there, whichever comes first: MPI.Request.Waitany(requests) waits for one of them, and returns
# its place in the list. What was sent is waited for at the end.
#
# Hint: Two lists, of what comes and of what goes: Waitany's place in the first is the row.


def as_they_come(comm, block, up, down, rows, compute):
    """Do what step does, each outer row as soon as its halo is there."""
    # Hole: Waitany twice, and the row whose halo has come
    halo = [comm.Irecv(block[0], up), comm.Irecv(block[-1], down)]
    sent = [comm.Isend(block[1], up), comm.Isend(block[-2], down)]
    compute(2, rows)
    for _ in halo:
        row = (1, rows)[MPI.Request.Waitany(halo)]
        compute(row, row + 1)
    MPI.Request.Waitall(sent)
    # End of the hole.
