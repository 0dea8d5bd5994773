# Every rank calls write with its rows, `mine`, doubles of shape (its rows, width), and the
# number of its first row in the file. Write all rows into one file at path, row after row,
# without a header. No rank sends its rows to another.
#
# MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_WRONLY) opens it on all ranks,
# Write_at_all(offset, array) writes, by one call of all ranks together; Close closes.
#
# Hint: An offset is a number of bytes. How many has a row?

from mpi4py import MPI


def write(comm, path, mine, first):
    """Write this rank's rows, which begin with row `first` of the file."""
    # Hole: open the file on all ranks, write at this rank's offset, close
    file = MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_WRONLY)
    file.Write_at_all(first * mine[0].nbytes, mine)
    file.Close()
    # End of the hole.
