# cut returns the Dask array `plate`, of n × n points, in chunks for a step with neighbours
# (map_overlap): a chunk for each of the `workers`, and no more. Each chunk is some tasks for each
# step, and a task costs Dask a millisecond; the points of a chunk cost a nanosecond each.
#
# plate.rechunk((rows, columns)) cuts it anew. Whole rows lie together in memory: let each chunk
# have all columns, and as many rows as the others, but for the last.
#
# Hint: -(-a // b) is a / b, rounded up.


def cut(plate, workers):
    """Return the plate in `workers` chunks of whole rows."""
    # Hole: as many chunks as workers, of whole rows
    rows, columns = plate.shape
    return plate.rechunk((-(-rows // workers), columns))
    # End of the hole.


# Part 2, which is harder: several.
#
# A task for each chunk and step is too many: do `steps` steps in each. `step` takes the array of a
# chunk with its halo, and returns it one step later; its outermost rows and columns stay as they
# are. So the halo grows stale from outside, by a row in each step. Return the plate after so many
# steps, by one plate.map_overlap(function, depth=rows_of_the_halo, boundary="none",
# dtype=plate.dtype): "none" is no halo at the plate's own edge, which stays.
#
# Hint: After one step the outermost row of the halo is wrong, after two the next one, too.


def several(plate, step, steps):
    """Return the plate, a Dask array, after `steps` steps."""

    # Hole: one map_overlap, whose function does all steps of a chunk
    def all_steps(block):
        for _ in range(steps):
            block = step(block)
        return block

    return plate.map_overlap(all_steps, depth=steps, boundary="none", dtype=plate.dtype)
    # End of the hole.
