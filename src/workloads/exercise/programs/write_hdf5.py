# Make one dataset of doubles in the file, with the name `arrays` and the shape
# (count, side, side). Array t is arrays[t].
#
# An array is written as a whole: let it be one chunk of the dataset. array(t) computes
# array t when you call it; do not keep all arrays in memory.
#
# Hint: create_dataset("arrays", shape, "f8", chunks=...) makes it; arrays[t] = ... writes.

import h5py


def write(path, array, count, side):
    """Write the arrays 0 ... count - 1 into the file at path."""
    with h5py.File(path, "w") as file:
        # Hole: create the dataset, write array after array
        shape = (count, side, side)
        arrays = file.create_dataset("arrays", shape, "f8", chunks=(1, side, side))
        for t in range(count):
            arrays[t] = array(t)
        # End of the hole.
