# A GPU runs step in many threads, each for one point. They start in blocks of 16 × 16: unless
# both sides of a plate are multiples of 16, there are more threads than points. inside says which
# threads have something to do: those whose row i and column j are of a point of the plate, whose
# shape is `shape`, that is not at the edge.
#
# Threads that follow each other in x run together. They have one row, and columns that follow each
# other: what they read lies together in memory and comes at once, which is called coalescing.
#
# A GPU does not say that an index is too large: it writes elsewhere. This check runs the kernel in
# Numba's simulator (NUMBA_ENABLE_CUDASIM=1), which needs no GPU, and does say it.
#
# Hint: The last row is shape[0] - 1, and it is at the edge.

from numba import cuda


@cuda.jit(device=True)
def inside(i, j, shape):
    """Tell whether row i, column j is a point of a plate of this shape, and not at its edge."""
    # Hole: compare i and j with both ends
    return 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1
    # End of the hole.


@cuda.jit
def step(old, new, r):
    """Do one step of this thread's point."""
    j, i = cuda.grid(2)  # x is the column
    if inside(i, j, old.shape):
        around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
        new[i, j] = old[i, j] + r * (around - 4.0 * old[i, j])


# Part 2, which is harder: tiled.
#
# step reads five numbers for each point from the GPU's memory. A block of TILE × TILE threads can
# read its points once, into `tile`: memory that they share, and that is fast. The thread's own
# point is tile[y, x], and around the block's points there is a halo, which the threads at the
# tile's sides bring. Who reads there what another thread has written must wait until it is there:
# all threads of a block wait at cuda.syncthreads(), also those that have no point, so it stands in
# no if.
#
# Hint: The thread with y == 1 brings tile[0, x], too, and the plate's edge is in the tile.


TILE = 8


@cuda.jit
def tiled(old, new, r):
    """Do one step of this thread's point, and read each point of `old` once for a block."""
    tile = cuda.shared.array((TILE + 2, TILE + 2), "float64")
    j, i = cuda.grid(2)
    x, y = cuda.threadIdx.x + 1, cuda.threadIdx.y + 1
    has_point, is_inside = i < old.shape[0] and j < old.shape[1], inside(i, j, old.shape)
    # Hole: own point and halo into the tile, wait, and step's sum from there
    if has_point:
        tile[y, x] = old[i, j]
    if is_inside:
        if y == 1:
            tile[0, x] = old[i - 1, j]
        if y == TILE:
            tile[TILE + 1, x] = old[i + 1, j]
        if x == 1:
            tile[y, 0] = old[i, j - 1]
        if x == TILE:
            tile[y, TILE + 1] = old[i, j + 1]
    cuda.syncthreads()
    if is_inside:
        around = (tile[y - 1, x] + tile[y + 1, x]) + (tile[y, x - 1] + tile[y, x + 1])
        new[i, j] = tile[y, x] + r * (around - 4.0 * tile[y, x])
    # End of the hole.
