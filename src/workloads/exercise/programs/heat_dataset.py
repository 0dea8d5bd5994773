# Each rank has some rows of a plate, `mine`; they begin with row `first` of its `n` rows. Write all
# of them into the dataset "field" of the HDF5 file at `path`.
#
# h5py.File(path, "w", driver="mpio", comm=comm) is opened by all ranks together, and so is each
# dataset created: by all, of the same shape. Then each rank writes its own rows. No rank needs the
# others' rows: a plate that no node's memory holds can be written like this.
#
# Hint: create_dataset takes the shape of the whole plate: (n, mine.shape[1]).

import h5py


def write(comm, path, mine, first, n):
    """Write this rank's rows, which begin with row `first` of the n."""
    # Hole: one file of all ranks, one dataset of all rows
    with h5py.File(path, "w", driver="mpio", comm=comm) as file:
        field = file.create_dataset("field", (n, mine.shape[1]), mine.dtype)
        field[first : first + len(mine)] = mine
    # End of the hole.


# Part 2, which is harder: pack.
#
# The same, compressed by compression="gzip"; here all ranks have as many rows. HDF5 compresses
# whole chunks, so let a chunk be what one rank has: of a chunk that two ranks share one sends its
# rows to the other. And a compressed chunk has its place in the file only when all are known: all
# ranks write in one call, within `with field.collective:`.
#
# Hint: create_dataset takes chunks=mine.shape; left to itself it chooses by other reasons.


def pack(comm, path, mine, first, n):
    """Write this rank's rows, as many as every rank has, compressed."""
    # Hole: a chunk for each rank, gzip, and all ranks write together
    with h5py.File(path, "w", driver="mpio", comm=comm) as file:
        how = {"chunks": mine.shape, "compression": "gzip"}
        field = file.create_dataset("field", (n, mine.shape[1]), mine.dtype, **how)
        with field.collective:
            field[first : first + len(mine)] = mine
    # End of the hole.
