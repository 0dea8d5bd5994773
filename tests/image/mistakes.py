"""The usual mistakes in the exercises of the talks, and the message of each."""

# Exercise -> what of the solved file, what instead, and what is said of it.
MISTAKES = {
    "profile-line": (
        ('"ordered = sorted(values)"', '"print(checksum(smooth(values, 2000)))"', "not at cumtime"),
        ('return "ordered = sorted(values)"', "None", "hot_line returns nothing: return the"),
        ('"ordered = sorted(values)"', '"total = (31 * total + value) % 65521"', "runs most often"),
    ),
    "mandel-numba": (
        ("return n\n", "return n + 1\n", "each point outside is counted 1 step too many"),
        ("return n\n", "return n - 1\n", "each point outside is counted 1 step too few"),
        ("return n\n", "return n.x\n", "my.py:33: TypingError: "),
        ("import numba\n", "class numba:\n    njit = staticmethod(lambda each: each)\n\n",
         "right, but Numba compiled no escape_time"),
        ("@numba.njit\ndef compute(", "def compute(", "right, but Numba compiled no compute"),
        ("@numba.njit\ndef compute(", "@numba.jit(forceobj=True)\ndef compute(",
         "right, but Numba compiled no compute"),
        ("            image[row, column] = escape_time(x, y, maxiter)\n",
         "            with numba.objmode(n='int64'):\n"
         "                n = escape_time(x, y, maxiter)\n"
         "            image[row, column] = n\n", "right, but in compute objmode lets Python"),
    ),
    "pool-pickles": (
        ("pool.map(total,", "pool.map(table.total,", "the table was pickled 27 times for 3"),
        ("list(pool.map(total,", "list(map(table.total,", "right, but this process computed them"),
        ("ProcessPoolExecutor(workers,", "ProcessPoolExecutor(1,", "right, but by 1 process, not"),
        ("(table,)", "(table)", "is the table itself: with a comma, (table,) is a tuple"),
        ("return list(pool", "list(pool", "compute returns nothing: return the list of the totals"),
        ("return list(pool.map(total, range(rows)))", "pool.map(total, range(rows))\n"
         "    return type('Mine', (list,), {'__ne__': lambda *_: 0})()", "the answer is [], not"),
    ),
    "mandel-mpi": (
        ("[rank :: comm.size] = part", "[rank * len(part) :][: len(part)] = part",
         "on 4 ranks: [1, 0] is 4, not 1; wrong: 50 of 60; a rank's rows belong at image[rank::"),
        ("range(comm.rank, height, comm.size))", "range(height))[comm.rank :: comm.size]",
         "on 4 ranks: the image is right, but rank 0 computed the rows 0, 1, 2, 3, 4, 5, 6, "),
        ("comm.gather(mine", "comm.allgather(mine", "allgather sends the rows to every rank"),
        ("    if comm.rank:\n        return None\n", "",
         "on 4 ranks: rank 1: 'NoneType' object is not iterable: gather returns None on all"),
    ),
    "mpi-gatherv": (
        ("(image, counts)", "(image, [size // 5 for size in counts])", "elements, not rows"),
        ("return comm.Gatherv(mine, None)", "return None", "did not call comm.Gatherv: "),
        ("mine.shape[1]))", "mine.shape[1]), 'f4')", "the buffer is of float32, but the rows of"),
        ("if comm.rank:\n        return comm.Gatherv(mine, None)",
         "if comm.rank:\n        return comm.Send(mine, 0)", "a loop of messages does what one"),
        ("    counts = comm.gather(mine.size)\n",
         "    counts = comm.allgather(mine.size)\n    whole = np.empty((sum(counts) // 5, 5))\n"
         "    comm.Allgatherv(mine, (whole, counts))\n    return None if comm.rank else whole\n",
         "did not call comm.Gatherv: Allgatherv sends all rows to every rank"),
        ("    if comm.rank:\n", "    if comm.rank:\n        comm.Igatherv(mine, None).Wait()\n"
         "        return None\n    image = np.empty((sum(counts) // 5, 5))\n"
         "    comm.Igatherv(mine, (image, counts)).Wait()\n    return image\n    if comm.rank:\n",
         "did not call comm.Gatherv: Igatherv only begins to gather; Gatherv comes back when"),
        ("    if comm.rank:\n        return comm.Gatherv(mine, None)\n", "",
         "rank 1: 'NoneType' object is not iterable: gather returns None on all ranks but 0"),
    ),
    "numba-cache": (
        ("if comm.rank == 0:\n", "if True:\n", "on 4 ranks: ranks 0, 1, 2, 3 compiled total: one"),
        ("    comm.Barrier()\n    return", "    return", "returned without comm.Barrier, which"),
        ("(cache=True)", "", "total keeps no code: numba.njit(cache=True) does"),
        ("    return total(values)\n", "    total(values)\n", "on 1 rank: compute returns nothing"),
        ("return total(values)", "return total(values) * float('nan')", "the answer is nan, not "),
    ),
    "write-vectorized": (
        ("y = y[:", "x = x[:", "rows and columns are exchanged"),
        ("return (x * y + t) / (x + y * y)",
         "return np.vectorize(lambda x, y: (x * y + t) / (x + y * y))(x, y)",
         "np.vectorize, too, is a loop"),
        ("return (x * y + t) / (x + y * y)", "return np.apply_along_axis("
         "lambda y: (x * y + t) / (x + y * y), 1, y)", "and so is np.apply_along_axis"),
        ("return (x * y + t) / (x + y * y)",
         "return np.array([(x * each + t) / (x + each * each) for each in y])", "lines of Python"),
        ("return (", "(", "compute returns nothing: return the array"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine(np.ndarray):\n        __ne__ = lambda me, _: np.zeros(me.shape, bool)\n\n"
         "    return np.zeros((len(y), x.size)).view(Mine)", "[0, 0] is 0.0, not 0.45"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine(np.ndarray):\n        __array_ufunc__ = lambda me, *_: np.zeros(me.shape)\n\n"
         "    return np.zeros((len(y), x.size)).view(Mine)", "[0, 0] is 0.0, not 0.45"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine:\n        __class__ = np.ndarray\n        shape, dtype = (30, 40), x.dtype\n\n"
         "    return Mine()", "the answer is an array of float64"),
    ),
    "mpi-scatter": (
        ("np.load(path) if comm.rank == 0 else None", "np.load(path)", "opened the file: rank 0 "),
        ("    comm.Scatter(numbers, part)\n    return part\n",
         "    return comm.bcast(numbers)[comm.rank * count :][:count]\n",
         "did not call comm.Scatter: bcast sends all numbers to every rank"),
        ("    comm.Scatter(numbers, part)\n",
         "    if comm.rank == 0:\n        for rank in range(1, comm.size):\n"
         "            comm.Send(numbers[rank * count :][:count], rank)\n"
         "    return numbers[:count] if comm.rank == 0 else comm.Recv(part) or part\n",
         "did not call comm.Scatter: a loop of messages does what one call can"),
        ("    comm.Scatter(numbers, part)\n",
         "    comm.Scatter(numbers, part) if comm.size == 1 else comm.Barrier()\n",
         "did not call comm.Scatter: every rank gets its share by this one call"),
        ("    return part\n", "    return part if comm.rank != 2 else None\n",
         "on 4 ranks: on rank 2 compute returns nothing: return the array"),
    ),
    "write-hdf5": (
        ("= array(t)", "= array(t).T", "[0, 0, 1] is "),
        (", chunks=(1, side, side)", "", "chunks are None, not (1, 60, 60)"),
        ("arrays[t] = array(t)", "file[f'more/{t}'] = array(t)\n        del file['arrays']\n"
         "        file.move('more', 'arrays')", "arrays is a group of datasets: make it one"),
        ("for t in range(count):\n            arrays[t] = array(t)",
         "arrays[:] = [array(t) for t in range(count)]",
         "the file is right, but all 15 arrays were in memory at once"),
    ),
    "hdf5-chunks": (
        ("(16, 16, 16)", "(1, side, side)",
         "arrays[:, row, column] reads 2,100,288 of 2,097,152 bytes: chunks of (1, 64, 64)"),
        (", chunks=(16, 16, 16)", "", "without chunks a history needs 64 reads: its numbers lie"),
        ("(16, 16, 16)", "True", "h5py chose chunks of (8, 16, 16) by the size alone"),
        ("(16, 16, 16)", "shape, scaleoffset=1", "a filter of the dataset changes its numbers"),
        ("(16, 16, 16)", "(64, 64, 64)", "needs 65 reads: chunks of (64, 64, 64) do not fit HDF5"),
        ("chunks=(16, 16, 16)", "compression=1", "h5py chose chunks of (8, 16, 16) by the size"),
        ("return file.create", "file.create", "create returns nothing: return the new dataset"),
        ("return file.create_dataset(", "for k in range(count):\n        file.create_dataset("
         "f'arrays/{k}', (side, side))\n    return\n    file.create_dataset(",
         "arrays is a group of datasets: make it one dataset of all arrays"),
    ),
    "mpi-file": (
        ("* mine[0].nbytes", "* mine.shape[1]", "the file has 132 bytes, not 384: an offset is a"),
        ("    file = ", "    comm.gather(mine)\n    file = ", "gather sends rows to another rank"),
        ("    file = ", "    comm.allreduce(mine)\n    file = ", "allreduce sends rows to another"),
        ("    file.Close()\n", "", "on 1 rank: rank 0 did not call Close: the file is whole when"),
        ("    file.Write_at_all", "    if comm.rank == 0:\n        file.Write_at_all",
         "on 4 ranks: rank 1 did not call Write_at_all, which every rank must call"),
        ("    file = MPI", "    if comm.rank:\n        return\n    file = MPI",
         "on 4 ranks: rank 1 did not call MPI.File.Open, which every rank must call"),
        ("    file = MPI", "    with open(path, 'ab') as file:\n        mine.tofile(file)\n"
         "    return\n    file = MPI", "rank 0 did not call MPI.File.Open, which every rank must"),
        ("file.Write_at_all(first * mine[0].nbytes, mine)", "file.Write_ordered(mine)",
         "on 4 ranks: [0, 0] is 37.0, not 1.0; wrong: 48 of 48"),
    ),
    "gil-sleep": (
        ("processes.map", "threads.map", "count ran in threads: with the GIL one computes at a"),
        ("threads.map", "processes.map", "wait ran in other processes: a thread sleeps as well"),
        ("ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)", "by 1 process, not by"),
        ("processes.map", "map", "count ran in this process, one after another: let `workers`"),
        ("return list(waited), ", "list(waited), ", "compute returns nothing: return both lists"),
    ),
    "pi-processes": (
        ("* worker // workers for", "// workers * worker for", "pair 999,999 is counted by none"),
        ("    with ", "    return hits(0, pairs)\n    with ", "this process counted 1,000,000 of"),
        ("return sum(", "bounds = [pairs // workers * each for each in range(workers + 1)]\n"
         "        return hits(bounds[-1], pairs) + sum(", "this process counted 1 of 1,000,000"),
        ("ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)", "by 1 process, not by"),
        ("return sum(pool.map(hits, bounds[:-1], bounds[1:]))",
         "sum(pool.map(hits, bounds[:-1], bounds[1:]))", "compute returns nothing, not int"),
        ("return sum(pool.map(hits, bounds[:-1], bounds[1:]))",
         "sum(pool.map(hits, bounds[:-1], bounds[1:]))\n"
         "    return type('Mine', (int,), {'__ne__': lambda *_: False})()", "the count is 0, not"),
    ),
    "shared-race": (
        ("with total.get_lock():\n", "if number:\n", "what another process adds meanwhile is lost"),
        ("with total.get_lock():\n            total.value += number",
         "before = total.value\n        with total.get_lock():\n"
         "            total.value = before + number", "hold the lock from reading to writing"),
        ("with total.get_lock():\n            total.value += number",
         "with total.get_lock():\n            before = total.value\n"
         "        with total.get_lock():\n            total.value = before + number", "lost: hold"),
        ("with total.get_lock():\n            total.value += number",
         "total.get_lock().acquire(False)\n        total.value += number\n"
         "        total.get_lock().release()", "ValueError: semaphore or lock released too many"),
        ("total.value += number",
         "total.value = type('Mine', (int,), {'__ne__': lambda *_: False})()",
         "what another process adds meanwhile is lost"),
        ("total.value += number", "total.value += 2 * number", "the total is 30, not 15"),
    ),
    "blas-threads": (
        ("cores // node.size", "cores", "ranks: 2, cores: 7, threads of each rank: 7, not 3"),
        ("cores // node.size", "-(-cores // node.size)", "threads of each rank: 4, not 3"),
        ("return product()", "product()", "compute returns nothing: return what product() returns"),
        ("return product()", "product()\n    return product()", "threads of each rank: 7, not 3"),
    ),
    "linalg-batch": (
        ("len(first)", "len(first) - most + 1", "only 96 matrices were multiplied"),
        ("return products", "products", "compute returns nothing: return the array"),
        ("return products",
         "class Mine(np.ndarray):\n        __ne__ = lambda me, _: np.zeros(me.shape, bool)\n\n"
         "    return np.zeros(first.shape).view(Mine)", "[0, 0, 0] is 0.0, not "),
        ("    for a", "    most = 1\n    for a", "right, but by 100 calls: 7 are enough"),
        ("for a in range(0, len(first), most):\n        products[a : a + most] = "
         "first[a : a + most] @ second[a : a + most]",
         "for k in range(len(first)):\n        products[k] = first[k].dot(second[k])",
         "right, but @ or np.matmul made 0 of 100"),
    ),
}  # fmt: skip
