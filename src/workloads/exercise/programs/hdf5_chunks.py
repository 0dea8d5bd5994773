# Create the dataset `arrays` of doubles, of shape (count, side, side), here 64 each, for two
# ways of reading:
#
#     arrays[t]                 one array
#     arrays[:, row, column]    one number of each array: a pixel's history
#
# HDF5 reads whole chunks. If a chunk is an array, a history needs them all; if it is a
# history, an array needs them all. Choose chunks of which either way reads a third of the
# file at most, in 40 reads at most.
#
# Hint: Divide each axis. An array needs (64 / rows) * (64 / columns) chunks: compute both.


def create(file, count, side):
    """Return the new dataset of an h5py.File."""
    shape = (count, side, side)
    # Hole: create the dataset with chunks that suit both ways
    return file.create_dataset("arrays", shape, "f8", chunks=(16, 16, 16))
    # End of the hole.
