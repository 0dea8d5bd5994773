"""The usual mistakes in the exercises, and the message of each."""

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
        ("    if comm.rank:\n        return comm.Gatherv(mine, None)\n", "",
         "rank 1: 'NoneType' object is not iterable: gather returns None on all ranks but 0"),
    ),
    "numba-cache": (
        ("if comm.rank == 0:\n", "if True:\n", "on 4 ranks: ranks 0, 1, 2, 3 compiled total: one"),
        ("    comm.Barrier()\n    return", "    return", "returned without comm.Barrier, which"),
        ("(cache=True)", "", "total keeps no code: numba.njit(cache=True) does"),
        ("    return total(values)\n", "    total(values)\n", "on rank 0 compute returns nothing"),
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
         "    return type('Mine', (int,), {'__ne__': lambda *_: False})()", "is Mine, not int"),
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
    "heat-slices": (
        ("new = old.copy()", "new = old", "old has changed: a step is written into a new array"),
        ("old[:-2, 1:-1] + old[2:, 1:-1]", "old[:-2, 1:-1] + old[1:-1, 1:-1]", "[1, 1] is "),
        ("new = old.copy()", "new = 0 * old", "the edge stays as it is: [0, 1] is 0.0, not 1.0"),
        ("return new", "new", "step returns nothing: return the array"),
        ("new[1:-1, 1:-1] = inner + r * (around - 4 * inner)",
         "for i in range(1, len(old) - 1):\n        new[i, 1:-1] = inner[i - 1] + r * "
         "(around - 4 * inner)[i - 1]", "the array is right, but 61 lines of Python ran"),
    ),
    "heat-cython": (
        ("\n    i: cython.Py_ssize_t\n", "\n", "line 34 calls Python for each point: all names in"),
        ("\n    a: cython.double[:, ::1] = old", "\n    a = old", "calls Python for each point"),
        ("@cython.boundscheck(False)\n", "", "checks each index: @cython.boundscheck(False)"),
        ("a[i, j - 1] +", "a[i, j] +", "in new [1, 1] is "),
        ("    for i", "    k, m = 1, 1\n    while k < old.shape[0] - 1:\n        m = 1\n"
         "        while m < old.shape[1] - 1:\n"
         "            s = (old[k - 1, m] + old[k + 1, m]) + (old[k, m - 1] + old[k, m + 1])\n"
         "            new[k, m] = old[k, m] + r * (s - 4.0 * old[k, m])\n"
         "            m += 1\n        k += 1\n    return\n    for i", "calls Python for each"),
        ("\n    a: cython.double[:, ", "\n    a: cython.double[:, :, ", "line 37: Cython says: "),
        ("    for i", "    new[1:-1, 1:-1] += r * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2]"
         " + old[1:-1, 2:] - 4 * old[1:-1, 1:-1])\n    for i in range(0):\n        pass\n"
         "    return\n    for i", "right, but not point by point"),
    ),
    "heat-gpu": (
        ("0 < i < shape[0] - 1", "0 < i < shape[0]", "a thread beyond the plate has computed"),
        ("0 < j < shape[1] - 1", "0 < j", "a thread beyond the plate has computed"),
        ("0 < i < shape[0] - 1", "1 < i < shape[0] - 1", "a point inside was left out: [1, 1] is"),
        ("0 < i < shape[0] - 1", "0 <= i < shape[0] - 1", "a point at the edge has changed: [0, "),
        ("0 < i < shape[0] - 1 and 0 < j < shape[1] - 1", "0 < i < 19 and 0 < j < 29",
         "a thread beyond the plate has computed"),
        ("return 0 < i", "0 < i", "a point inside was left out: [1, 1] is"),
    ),
    "heat-chunks": (
        ("-(-rows // workers), columns", "20, 20", "600 columns are cut into 30: a chunk"),
        ("-(-rows // workers), columns", "20, columns", "30 chunks of 600 rows for 4 workers: "),
        ("-(-rows // workers)", "rows // workers", "5 chunks of 601 rows for 4 workers: "),
        ("-(-rows // workers), columns", "rows, columns", "leave 3 of 4 workers idle"),
        ("return plate", "plate", "cut returns nothing, not a Dask array"),
    ),
    "heat-halo": (
        ("comm.Sendrecv(block[1], up", "comm.Sendrecv(block[0], up", "on 4 ranks: on rank 0 the "),
        ("block[-2], down, recvbuf=block[0]", "block[-1], down, recvbuf=block[0]", "the first row"),
        ("recvbuf=block[-1], source=down", "recvbuf=block[0], source=down", "4 ranks: on rank 0"),
        ("    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n", "",
         "on 4 ranks: on rank 1 the first row is not filled, not row 4 of the plate"),
        ("recvbuf=block[-1]", "recvbuf=block[-2]", "rows of its own have changed: the halo alone"),
        ("    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n",
         "    sent = [comm.Isend(block[1], up), comm.Isend(block[-2], down)]\n"
         "    comm.Recv(block[0], up)\n    comm.Recv(block[-1], down)\n"
         "    for each in sent:\n        each.Wait()\n", "did not call comm.Sendrecv: it has no"),
    ),
    "heat-deadlock": (
        ("if comm.rank % 2 == 0:", "if True:", "waits for ever in Send: rank"),
        ("comm.rank % 2 == 0", "comm.rank > 0", "waits for ever in Send: rank"),
        ("comm.Send(block[1], up)\n        comm.Recv(block[0], up)\n    else",
         "comm.Send(block[1], up)\n    else", "on 4 ranks: on rank 2 the first row is not filled"),
        ("    if comm.rank % 2 == 0:",
         "    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n    return\n"
         "    if comm.rank % 2 == 0:", "did not call comm.Send: this exercise is about their"),
    ),
    "heat-overlap": (
        ("    compute(2, rows)\n    MPI.Request.Waitall(halo)\n",
         "    MPI.Request.Waitall(halo)\n    compute(2, rows)\n",
         "the inner rows were computed after the wait: nothing overlaps"),
        ("    compute(2, rows)\n    MPI.Request.Waitall(halo)\n    compute(1, 2)\n",
         "    compute(1, 2)\n    compute(2, rows)\n    MPI.Request.Waitall(halo)\n",
         "an outer row was computed before its halo had come: "),
        ("    compute(2, rows)\n    MPI.Request.Waitall(halo)\n    compute(1, 2)\n"
         "    compute(rows, rows + 1)\n",
         "    MPI.Request.Waitall(halo)\n    compute(1, rows + 1)\n",
         "inner rows were computed together with an outer one: nothing overlaps"),
        ("    compute(rows, rows + 1)\n", "", "computed the rows [1, 2, 3], not each of 1 to 4"),
        ("    halo = ", "    compute(2, rows)\n    halo = ", "before the halo was started"),
        ("    halo = ", "    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n    compute(2, rows)\n"
         "    compute(1, 2)\n    compute(rows, rows + 1)\n    return\n    halo = ",
         "the inner rows were computed before the halo was started"),
    ),
    "heat-trace": (
        ('+= event["dur"]', '= max(waits[event["pid"]], event["dur"])', "all waits of a rank"),
        ("min(waits, key", "max(waits, key", "the others wait for the rank that waits least"),
        ("for event in events), 0.0)",
         'for event in events if event["name"] == "Waitall"), 0.0)', "a rank that never waits has"),
        ("return min", "min", "slowest returns nothing, not int"),
    ),
    "heat-sum": (
        ("math.fsum(np.concatenate(comm.allgather(mine)))", "comm.allreduce(mine.sum())",
         "it was rounded on the way, and depends on the ranks"),
        ("math.fsum(np.concatenate(comm.allgather(mine)))", "math.fsum(comm.allgather(mine.sum()))",
         "it was rounded on the way, and depends on the ranks"),
        ("math.fsum(", "sum(", "it was rounded on the way, and depends on the ranks"),
        ("return math", "math", "total returns nothing, not float"),
    ),
    "heat-checkpoint": (
        ("    np.save(new, field)\n    os.replace(new, path)\n", "    np.save(path, field)\n",
         "the old checkpoint was opened for writing: killed then, the program has none"),
        ('new = path + ".new.npy"', "new = '/tmp/' + str(os.getpid()) + '.npy'", "another folder"),
        ("    np.save(new, field)\n", "    os.path.exists(path) and os.remove(path)\n"
         "    np.save(new, field)\n", "after a full disk the old checkpoint is gone"),
        ("    np.save(new, field)\n", "    try:\n        np.save(new, field)\n"
         "    except OSError:\n        return\n", "save ended as if it were not: let the error"),
        ("    os.replace(new, path)\n", "    os.replace(new, path)\n    np.save(new, field)\n",
         "plate.npy.new.npy is left beside the checkpoint"),
    ),
    "heat-dataset": (
        ("        field[first : first + len(mine)]", "        field[: len(mine)]", "on 4 ranks: ["),
        ('file.create_dataset("field", ', 'file.create_dataset("plate", ', "no dataset field, but"),
        ('"w", driver="mpio", comm=comm) as', '"w") as', "each rank opens a file of its own"),
        ("    with h5py", "    parts = comm.gather(mine)\n    if comm.rank:\n        return\n"
         "    with h5py.File(path, 'w') as file:\n        file['field'] = [row for part in parts "
         "for row in part]\n    return\n    with h5py", "brings rows to another rank: each rank"),
        ("    with h5py", "    import numpy as np\n    plate = np.zeros((n, mine.shape[1]))\n"
         "    plate[first : first + len(mine)] = mine\n    every = np.empty_like(plate)\n"
         "    comm.Allreduce(plate, every)\n    with h5py", "comm.Allreduce brings rows to"),
        ("    with h5py", "    from mpi4py import MPI\n    MPI.COMM_WORLD.allgather(mine)\n"
         "    with h5py", "comm.allgather brings rows to another rank"),
        ("def write(comm, path, mine, first, n):",
         "from mpi4py.MPI import COMM_WORLD\n\n\ndef write(comm, path, mine, first, n):\n"
         "    COMM_WORLD.gather(mine)", "comm.gather brings rows to another"),
        ("        field[first : first + len(mine)] = mine\n",
         "        import numpy as np\n        np.save(f'{path}.{comm.rank}', mine)\n"
         "        comm.Barrier()\n        if not comm.rank:\n"
         "            parts = [np.load(f'{path}.{k}.npy') for k in range(comm.size)]\n"
         "            field[:] = np.concatenate(parts)\n", "each rank writes its own rows, here"),
    ),
    "heat-scaling": (
        (" >= least)", " > least)", "an efficiency of 0.5 is at least 0.5: "),
        ("(ranks * seconds[ranks])", "seconds[ranks]", "most_ranks({1: 100.0"),
        ("return max(", "return min(", "is 1, not 8"),
        ("return max", "max", "most_ranks returns nothing, not int"),
    ),
}  # fmt: skip
