"""Usual mistakes in the exercises, and the message of each."""

# Exercise -> what of the solved file, what instead, and what is said of it.
MISTAKES = {
    "profile-line": (
        ('"ordered = sorted(values)"', '"print(checksum(smooth(values, 2000)))"', "not at cumtime"),
        ('"ordered = sorted(values)"', '"total = (31 * total + value) % 65521"', "runs most often"),
    ),
    "mandel-numba": (
        ("return n\n", "return n + 1\n", "each point outside is counted 1 step too many"),
        ("import numba\n", "class numba:\n    njit = staticmethod(lambda each: each)\n\n",
         "right, but Numba compiled no escape_time"),
        ("            image[row, column] = escape_time(x, y, maxiter)\n",
         "            with numba.objmode(n='int64'):\n"
         "                n = escape_time(x, y, maxiter)\n"
         "            image[row, column] = n\n", "right, but in compute objmode lets Python"),
    ),
    "pool-pickles": (
        ("pool.map(total,", "pool.map(table.total,", "the table was pickled 27 times for 3"),
        ("list(pool.map(total,", "list(map(table.total,", "right, but this process computed them"),
        ("(table,)", "(table)", "is the table itself: with a comma, (table,) is a tuple"),
    ),
    "mandel-mpi": (
        ("[rank :: comm.size] = part", "[rank * len(part) :][: len(part)] = part",
         "on 4 ranks: [1, 0] is 4, not 1; wrong: 50 of 60; a rank's rows belong at image[rank::"),
        ("range(comm.rank, height, comm.size))", "range(height))[comm.rank :: comm.size]",
         "on 4 ranks: the image is right, but rank 0 computed the rows 0, 1, 2, 3, 4, 5, 6, "),
        ("    if comm.rank:\n        return None\n", "",
         "on 4 ranks: rank 1: 'NoneType' object is not iterable: gather returns None on all"),
    ),
    "mpi-gatherv": (
        ("(image, counts)", "(image, [size // 5 for size in counts])", "elements, not rows"),
        ("comm.gather(mine.size)", "comm.gather(mine.nbytes)", "elements, not bytes"),
        ("if comm.rank:\n        return comm.Gatherv(mine, None)",
         "if comm.rank:\n        return comm.Send(mine, 0)", "a loop of messages does what one"),
    ),
    "numba-cache": (
        ("if comm.rank == 0:\n", "if True:\n", "on 4 ranks: ranks 0, 1, 2, 3 compiled total: one"),
        ("    comm.Barrier()\n    return", "    return", "returned without comm.Barrier, which"),
        ("(cache=True)", "", "total keeps no code: numba.njit(cache=True) does"),
    ),
    "write-vectorized": (
        ("y = y[:", "x = x[:", "rows and columns are exchanged"),
        ("return (x * y + t) / (x + y * y)",
         "return np.vectorize(lambda x, y: (x * y + t) / (x + y * y))(x, y)",
         "np.vectorize, too, is a loop"),
        ("return (x * y + t) / (x + y * y)",
         "return np.array([(x * each + t) / (x + each * each) for each in y])", "lines of Python"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine(np.ndarray):\n        __ne__ = lambda me, _: np.zeros(me.shape, bool)\n\n"
         "    return np.zeros((len(y), x.size)).view(Mine)", "[0, 0] is 0.0, not 0.45"),
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
    ),
    "write-hdf5": (
        ("= array(t)", "= array(t).T", "[0, 0, 1] is "),
        (", chunks=(1, side, side)", "", "chunks are None, not (1, 60, 60)"),
        ("for t in range(count):\n            arrays[t] = array(t)",
         "arrays[:] = [array(t) for t in range(count)]",
         "the file is right, but all 15 arrays were in memory at once"),
    ),
    "hdf5-chunks": (
        ("(16, 16, 16)", "(1, side, side)",
         "arrays[:, row, column] reads 2,100,288 of 2,097,152 bytes: chunks of (1, 64, 64)"),
        (", chunks=(16, 16, 16)", "", "without chunks a history needs 64 reads: its numbers lie"),
        ("(16, 16, 16)", "(64, 64, 64)", "needs 65 reads: chunks of (64, 64, 64) do not fit HDF5"),
    ),
    "mpi-file": (
        ("* mine[0].nbytes", "* mine.shape[1]", "the file has 132 bytes, not 384: an offset is a"),
        ("    file = ", "    comm.gather(mine)\n    file = ", "gather sends rows to another rank"),
        ("    file.Close()\n", "", "on 1 rank: rank 0 did not call Close: the file is whole when"),
        ("    file.Write_at_all", "    if comm.rank == 0:\n        file.Write_at_all",
         "on 4 ranks: rank 1 did not call Write_at_all, which every rank must call"),
    ),
    "gil-sleep": (
        ("processes.map", "threads.map", "count ran in threads: with the GIL one computes at a"),
        ("threads.map", "processes.map", "wait ran in other processes: a thread sleeps as well"),
        ("ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)", "by 1 process, not by"),
    ),
    "pi-processes": (
        ("* worker // workers for", "// workers * worker for", "pair 999,999 is counted by none"),
        ("    with ", "    return hits(0, pairs)\n    with ", "this process counted 1,000,000 of"),
        ("pool.map(hits, bounds[:-1], bounds[1:])",
         "pool.map(lambda w: hits(bounds[w], bounds[w + 1]), range(workers))", "its name: no"),
        ("return sum(pool.map(hits, bounds[:-1], bounds[1:]))",
         "sum(pool.map(hits, bounds[:-1], bounds[1:]))\n"
         "    return type('Mine', (int,), {'__ne__': lambda *_: False})()", "the count is 0, not"),
    ),
    "shared-race": (
        ("with total.get_lock():\n", "if number:\n", "what another process adds meanwhile is lost"),
        ("with total.get_lock():\n            total.value += number",
         "before = total.value\n        with total.get_lock():\n"
         "            total.value = before + number", "hold the lock from reading to writing"),
        ("total.value += number", "total.value += 2 * number", "the total is 30, not 15"),
    ),
    "blas-threads": (
        ("cores // node.size", "cores", "ranks: 2, cores: 7, threads of each rank: 7, not 3"),
        ("return product()", "product()\n    return product()", "threads of each rank: 7, not 3"),
    ),
    "linalg-batch": (
        ("len(first)", "len(first) - most + 1", "only 96 matrices were multiplied"),
        ("    for a", "    most = 1\n    for a", "right, but by 100 calls: 7 are enough"),
        ("for a in range(0, len(first), most):\n        products[a : a + most] = "
         "first[a : a + most] @ second[a : a + most]",
         "for k in range(len(first)):\n        products[k] = first[k].dot(second[k])",
         "right, but @ or np.matmul made 0 of 100"),
    ),
    "memory-blocks": (
        ("    for k in range(0, len(a), block):\n        part = a[k : k + block]\n"
         "        np.multiply(c[k : k + block], q, out=part)\n        part += b[k : k + block]\n",
         "    a[:] = b + q * c\n", "a is right, but 8"),
        ("    for k in range(0, len(a), block):\n        part = a[k : k + block]\n"
         "        np.multiply(c[k : k + block], q, out=part)\n        part += b[k : k + block]\n",
         "    np.multiply(c, q, out=a)\n    a += b\n", "a is right, but in one piece"),
        ("range(0, len(a), block)", "range(0, len(a) - block, block)",
         "wrong: 1699 of 100003: the last, shorter block"),
        ("part = a[k : k + block]\n        np.multiply(c[k : k + block], q, out=part)",
         "part = q * c[k : k + block]", "a is as it was: write into it"),
        ("out=part)\n        part +=",
         "out=c[k : k + block])\n        part[:] = c[k : k + block] +",
         "c has changed: a alone is written"),
        ("return max(compute, move)", "return compute + move", "part 2: 1 ranks with 12 bytes for"),
        ("min(ranks * node[\"core\"], node[\"memory\"])", "(ranks * node[\"core\"])",
         "s, not 1.92: the ranks share the node's memory"),
        ("min(ranks * node[\"core\"], node[\"memory\"])", "node[\"memory\"]",
         "a core alone does not get all that the memory gives"),
    ),
    "threads-once": (
        ("    with lock:\n        if key not in cache:\n            cache[key] = make(key)\n"
         "        return cache[key]\n",
         "    if key not in cache:\n        with lock:\n            cache[key] = make(key)\n"
         "    return cache[key]\n", "times for 1: hold the lock from look to write"),
        ("    with lock:\n        if", "    lock.acquire()\n    if True:\n        if",
         "a thread waits for ever: a lock is taken twice, or not released"),
        ("    with lock:\n        if", "    lock.acquire()\n    if key in cache:\n"
         "        lock.release()\n        return cache[key]\n"
         "    cache[key] = make(key)\n    lock.release()\n    return cache[key]\n"
         "    if lock:\n        if",
         "the lock is held after an error in make: `with` frees it"),
        ("    with own:\n        if", "    with lock:\n        if",
         "part 2: one key is made after the other: hold `lock` for locks alone"),
        ("    with lock:\n        own = locks.setdefault(key, threading.Lock())\n    with own:",
         "    if key not in locks:\n        with lock:\n            locks[key] = threading.Lock()\n"
         "    with locks[key]:", "times for 2: hold the lock"),
        ("locks.setdefault(key, threading.Lock())", "threading.Lock()",
         "times for 2: hold the lock"),
    ),
    "rank-hangs": (
        ("        faulthandler.dump_traceback_later(seconds, file=file)\n", "",
         "on 1 rank: rank 0 hangs, and stack-0.txt does not say where"),
        ("        finally:\n            faulthandler.cancel_dump_traceback_later()\n",
         "        except ZeroDivisionError:\n            pass\n",
         "the timer goes on when work has raised an error"),
        ("return work(comm)", "work(comm)", "run returns nothing: return what work returns"),
        ("sorted(seen[seen.index(rank) :])", "seen",
         "part 2: last({0: 3, 1: 0, 2: 1, 3: 1}, 2) is [2, 1, 0, 3], not [0, 1, 3]"),
    ),
    # Of a second hole the message begins with "part 2: ".
    "heat-slices": (
        ("new = old.copy()", "new = old", "old has changed: a step is written into a new array"),
        ("new = old.copy()", "new = 0 * old", "the edge stays as it is: [0, 1] is 0.0, not 1.0"),
        ("inner + r * (around - 4 * inner)", "around / 4", "the step is that of r = 0.25, what"),
        ("work *= r", "work = work * r", "part 2: new is right, but 2,0"),
        ("    np.multiply(inner", "    return old + 1\n    np.multiply(inner",
         "part 2: new is as it was: write into it, new[1:-1, 1:-1]"),
    ),
    "heat-cython": (
        ("\n    i: cython.Py_ssize_t\n", "\n", "line 35 calls Python for each point: all names in"),
        ("@cython.boundscheck(False)\n", "", "checks each index: @cython.boundscheck(False)"),
        ("\n    a: cython.double[:, ", "\n    a: cython.double[:, :, ", "line 38: Cython says: "),
        ("total += a[i, j]", "total = total + a[i, j]", "part 2: the threads' sums are not added"),
        ("a.shape[0], nogil=True)", "a.shape[0])", "part 2: the threads take turns, as each holds"),
        ("in prange(a.shape[0], nogil=True):\n        for j in range(a.shape[1]):",
         "in range(a.shape[0]):\n        for j in prange(a.shape[1], nogil=True):",
         "part 2: line 58 starts threads for each row: the outer loop is prange's"),
    ),
    "heat-gpu": (
        ("0 < i < shape[0] - 1", "0 < i < shape[0]", "a thread has read beyond the plate"),
        ("0 < i < shape[0] - 1", "1 < i < shape[0] - 1", "a point inside was left out: [1, 1] is"),
        ("    cuda.syncthreads()\n", "", "part 2: a thread reads what another one may not have"),
        ("        if y == TILE:\n            tile[TILE + 1, x] = old[i + 1, j]\n", "",
         "part 2: points at the tiles' sides are wrong: who brings their halo? [7, 1] is "),
        ("        around = (tile[y - 1, x] + tile[y + 1, x]) + (tile[y, x - 1] + tile[y, x + 1])",
         "        around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])",
         "part 2: right, but 1132 reads of 260 points: the tile has them"),
    ),
    "heat-chunks": (
        ("-(-rows // workers), columns", "20, 20", "600 columns are cut into 30: a chunk"),
        ("-(-rows // workers), columns", "20, columns", "30 chunks of 600 rows for 4 workers: "),
        ("depth=steps", "depth=1", "part 2: after 3 steps a halo of fewer rows is stale: rows"),
        ("depth=steps", "depth=steps + 1", "part 2: right, but the halo is wider than 3 rows"),
        ("    return plate.map_overlap(all_steps, depth=steps,", "    for _ in range(steps - 1):\n"
         '        plate = plate.map_overlap(step, depth=1, boundary="none", dtype=plate.dtype)\n'
         "    return plate.map_overlap(step, depth=1,",
         "part 2: right, but each of 3 steps gets a halo"),
        ("    return plate.map_overlap(", "    import dask.array as da\n"
         "    return da.from_array(all_steps(plate.compute()), chunks=plate.chunks)\n"
         "    return plate.map_overlap(", "part 2: the steps were done when several was called"),
    ),
    "heat-halo": (
        ("comm.Sendrecv(block[1], up", "comm.Sendrecv(block[0], up",
         "the last row is a neighbour's halo, not row "),
        ("    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n", "",
         "the first row is not filled"),
        ("halo = block[:, -1].copy()", "halo = block[:, 1].copy()",
         "the last column has changed: nobody is beyond it"),
        ("    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n",
         "    comm.Send(block[1], up)\n    comm.Send(block[-2], down)\n"
         "    comm.Recv(block[0], up)\n    comm.Recv(block[-1], down)\n",
         "did not call comm.Sendrecv: it has no"),
        ("    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n",
         "    block[-1] = comm.sendrecv(block[1], up, source=down)\n", "sendrecv pickles the row"),
        ("recvbuf=block[-1], source=down)", "recvbuf=block[-1], source=comm.rank + 1)",
         "on 1 rank: my.py:20: Exception: there is no such rank: at an end the neighbour is MPI.P"),
    ),
    "heat-deadlock": (
        ("if comm.rank % 2 == 0:", "if True:", "waits for ever in Send: rank"),
        ("elif comm.rank % 2 == 0:", "elif True:", "waits for ever in Send: rank"),
        ("elif comm.rank % 2 == 0:", "elif comm.rank == 0:",
         "part 2: right, but 4 messages come one after the other, where 3 are enough"),
        ("    if comm.rank % 2 == 0:", "    comm.Send(block[-2], down)\n"
         "    comm.Recv(block[0], up)\n    comm.Send(block[1], up)\n"
         "    comm.Recv(block[-1], down)\n    return\n    if comm.rank % 2 == 0:",
         "right, but 6 messages come one after the other, where 4 are enough"),
        ("if comm.rank % 2 == 0:", "if False:", "rank 0 waits for ever in Recv: rank 1 does"),
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
        ("halo += [comm", "_ = [comm", "waits for what comes, and not for what it has sent"),
        ("halo += [comm.Isend(block[1], up), comm.Isend(block[-2], down)]",
         "comm.Send(block[1], up)\n    comm.Send(block[-2], down)", "is moved by comm.Send: start"),
        ("    for _ in halo:\n        row = (1, rows)[MPI.Request.Waitany(halo)]\n"
         "        compute(row, row + 1)\n", "    MPI.Request.Waitall(halo)\n"
         "    compute(1, 2)\n    compute(rows, rows + 1)\n",
         "on 4 ranks: part 2: an outer row waited for the other side's halo: Waitany takes"),
    ),
    "heat-trace": (
        ('+= event["dur"]', '= max(waits[event["pid"]], event["dur"])', "all waits of a rank"),
        ("min(waits, key", "max(waits, key", "the others wait for the rank that waits least"),
        ("return min(waits, key=waits.get)", "return 4 if 4 in waits else 1",
         "right for the traces of before, and wrong for another one: compute the answer"),
        ("/ len(times)", "/ sum(map(bool, times.values()))", "part 2: gain is 20 for ranks that"),
    ),
    "heat-sum": (
        ("math.fsum(np.concatenate(comm.allgather(mine)))", "comm.allreduce(mine.sum())",
         "it was rounded on the way, not once at the end"),
        ("np.concatenate(comm.allgather(mine))", "comm.allgather(math.fsum(mine))",
         "it was rounded on the way, not once at the end"),
        ("    sums = [", "    mine = np.concatenate(comm.allgather(mine))\n    sums = [",
         "part 2: comm.allgather brings the numbers to other ranks"),
        ("[math.fsum(block) for", "[sum(block) for", "each of 24 blocks is rounded once"),
    ),
    "heat-checkpoint": (
        ("    np.save(new, field)\n    os.replace(new, path)\n", "    np.save(path, field)\n",
         "the old checkpoint was opened for writing: killed then, the program has none"),
        ('new = path + ".new.npy"', "new = '/tmp/' + str(os.getpid()) + '.npy'", "another folder"),
        ("    os.replace(new, path)\n", "    os.remove(path)\n    os.rename(new, path)\n",
         "os.remove leaves a moment without a checkpoint at path"),
        ("    np.save(new, field)\n", "    try:\n        np.save(new, field)\n"
         "    except OSError:\n        return\n", "save ended as if it were not: let the error"),
        ('os.link(path, path + ".before")', 'os.replace(path, path + ".before")',
         "part 2: os.rename leaves a moment without"),
        ('        if os.path.exists(path + ".before"):\n            os.remove(path + ".before")\n'
         '        os.link(path, path + ".before")',
         '        os.link(path, path + ".link")\n        '
         'os.replace(path + ".link", path + ".before")',
         "part 2: after a save that was interrupted another one fails: FileExistsError: "),
    ),
    "heat-dataset": (
        ("        field[first : first + len(mine)]", "        field[: len(mine)]", "on 4 ranks: ["),
        ('"w", driver="mpio", comm=comm) as', '"w") as', "each rank opens a file of its own"),
        ("    with h5py", "    parts = comm.gather(mine)\n    if comm.rank:\n        return\n"
         "    with h5py.File(path, 'w') as file:\n        file['field'] = [row for part in parts "
         "for row in part]\n    return\n    with h5py", "brings rows to another rank: each rank"),
        ("        with field.collective:\n            field[first", "        if True:\n"
         "            field[first", "part 2: each rank writes alone: with field.collective: "),
        ("(n, mine.shape[1]), mine.dtype)\n        field[first", "mine.shape, mine.dtype)\n"
         "        field[first", "on 4 ranks: a dataset of 3 rows: all ranks create one of all 18"),
        ('"chunks": mine.shape, ', "", "on 4 ranks: part 2: a chunk has 24 rows, a rank 6: "),
        ('field = file.create_dataset("field", (n, mine.shape[1]), mine.dtype)\n        field',
         'if not comm.rank:\n            file.create_dataset("field", (n, 5), mine.dtype)\n'
         '        file["field"]', "created by all ranks together, not by one of them"),
    ),
    "heat-scaling": (
        (" >= least)", " > least)", "an efficiency of 0.5 is at least 0.5: "),
        ("(ranks * seconds[ranks])", "seconds[ranks]", "most_ranks({1: 100.0"),
        ("few, many = min(seconds), max(seconds)", "few, many = sorted(seconds)[:2]",
         "part 2: predict gives "),
        ("return seconds[few] + parallel * (1 / ranks - 1 / few)",
         "return seconds[few] * few / ranks", "of the table: the serial part does not shrink"),
    ),
}  # fmt: skip
