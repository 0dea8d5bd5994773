"""The usual mistakes in the exercises along the heat equation, and the message of each."""

# As in `mistakes`; of a second hole the message begins with "part 2: ".
MISTAKES = {
    "heat-slices": (
        ("new = old.copy()", "new = old", "old has changed: a step is written into a new array"),
        ("old[:-2, 1:-1] + old[2:, 1:-1]", "old[:-2, 1:-1] + old[1:-1, 1:-1]", "[1, 1] is "),
        ("new = old.copy()", "new = 0 * old", "the edge stays as it is: [0, 1] is 0.0, not 1.0"),
        ("return new", "new", "step returns nothing: return the array"),
        ("inner + r * (around - 4 * inner)", "around / 4", "the step is that of r = 0.25, what"),
        ("    work *= r\n", "    work *= 0.25\n", "part 2: the step is that of r = 0.25, whatever"),
        ("new[1:-1, 1:-1] = inner + r * (around - 4 * inner)",
         "for i in range(1, len(old) - 1):\n        new[i, 1:-1] = inner[i - 1] + r * "
         "(around - 4 * inner)[i - 1]", "the array is right, but 61 lines of Python ran"),
        ("work *= r", "work = work * r", "part 2: new is right, but 2,0"),
        ("    np.add(inner, work, out=new[1:-1, 1:-1])", "    new = old + np.pad(work, 1)",
         "part 2: in new [1, 1] is 280.0, not 14.25"),
        ("    np.multiply(inner", "    return old + 1\n    np.multiply(inner",
         "part 2: new is as it was: write into it, new[1:-1, 1:-1]"),
        ("    work *= r", "    work *= r\n    old[2, 2] = 1", "part 2: old has changed: new and"),
        ("    np.multiply(inner, 4, out=new[1:-1, 1:-1])",
         "    for i in range(1, len(old) - 1):\n        new[i, 1:-1] = 4 * old[i, 1:-1]",
         "part 2: new is right, but 804 lines of Python ran"),
    ),
    "heat-cython": (
        ("\n    i: cython.Py_ssize_t\n", "\n", "line 35 calls Python for each point: all names in"),
        ("\n    a: cython.double[:, ::1] = old", "\n    a = old", "calls Python for each point"),
        ("@cython.boundscheck(False)\n", "", "checks each index: @cython.boundscheck(False)"),
        ("a[i, j - 1] +", "a[i, j] +", "in new [1, 1] is "),
        ("c * (around", "0.25 * (around", "the step is that of r = 0.25, whatever r is: use r"),
        ("    for i", "    k, m = 1, 1\n    while k < old.shape[0] - 1:\n        m = 1\n"
         "        while m < old.shape[1] - 1:\n"
         "            s = (old[k - 1, m] + old[k + 1, m]) + (old[k, m - 1] + old[k, m + 1])\n"
         "            new[k, m] = old[k, m] + r * (s - 4.0 * old[k, m])\n"
         "            m += 1\n        k += 1\n    return\n    for i", "calls Python for each"),
        ("\n    a: cython.double[:, ", "\n    a: cython.double[:, :, ", "line 38: Cython says: "),
        ("    for i", "    new[1:-1, 1:-1] += r * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2]"
         " + old[1:-1, 2:] - 4 * old[1:-1, 1:-1])\n    for i in range(0):\n        pass\n"
         "    return\n    for i", "right, but not point by point"),
        ("total += a[i, j]", "total = total + a[i, j]", "part 2: the threads' sums are not added"),
        ("in prange(a.shape[0], nogil=True)", "in range(a.shape[0])", "part 2: right, but by one"),
        ("a.shape[0], nogil=True)", "a.shape[0])", "part 2: the threads take turns, as each holds"),
        ("in prange(a.shape[0], nogil=True):\n        for j in range(a.shape[1]):",
         "in range(a.shape[0]):\n        for j in prange(a.shape[1], nogil=True):",
         "part 2: line 58 starts threads for each row: the outer loop is prange's"),
        ("    a: cython.double[:, ::1] = field", "    a = field", "part 2: line 57: Cython says: "),
        ("cython.double = 0.0", "cython.double = 1.0", "part 2: heat is 4945.0, not 4944.0"),
        ("    return total", "    total = 0.0\n    for row in field.tolist():\n"
         "        for each in row:\n            total += each\n    return total",
         "part 2: line 61 calls Python: all names in it need a C type"),
        ("    total: cython", "    return field.sum()\n    total: cython",
         "part 2: right, but not point by point"),
    ),
    "heat-gpu": (
        ("0 < i < shape[0] - 1", "0 < i < shape[0]", "a thread has read beyond the plate"),
        ("0 < j < shape[1] - 1", "0 < j", "a thread has read beyond the plate"),
        ("0 < i < shape[0] - 1", "1 < i < shape[0] - 1", "a point inside was left out: [1, 1] is"),
        ("0 < i < shape[0] - 1", "0 <= i < shape[0] - 1", "a point at the edge has changed: [0, "),
        ("0 < i < shape[0] - 1 and 0 < j < shape[1] - 1", "0 < i < 19 and 0 < j < 29",
         "a thread has read beyond the plate"),
        ("return 0 < i", "0 < i", "a point inside was left out: [1, 1] is"),
        ("    cuda.syncthreads()\n", "", "part 2: a thread reads what another one may not have"),
        ("    cuda.syncthreads()\n    if is_inside:\n", "    if is_inside:\n"
         "        cuda.syncthreads()\n", "part 2: 186 threads did not wait, and the others for"),
        ("        if y == TILE:\n            tile[TILE + 1, x] = old[i + 1, j]\n", "",
         "part 2: points at the tiles' sides are wrong: who brings their halo? [7, 1] is "),
        ("if has_point:", "if is_inside:", "part 2: points beside the plate's edge are wrong: its"),
        ("tile[y, x] + r *", "tile[y, x] + 0.25 *", "part 2: the step is that of r = 0.25"),
        ("if has_point:", "if True:", "part 2: a thread has read beyond the plate"),
        ("        around = (tile[y - 1, x] + tile[y + 1, x]) + (tile[y, x - 1] + tile[y, x + 1])",
         "        around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])",
         "part 2: right, but 1132 reads of 260 points: the tile has them"),
    ),
    "heat-chunks": (
        ("-(-rows // workers), columns", "20, 20", "600 columns are cut into 30: a chunk"),
        ("-(-rows // workers), columns", "20, columns", "30 chunks of 600 rows for 4 workers: "),
        ("-(-rows // workers)", "rows // workers", "5 chunks of 601 rows for 4 workers: "),
        ("-(-rows // workers), columns", "rows, columns", "leave 3 of 4 workers idle"),
        ("return plate", "plate", "cut returns nothing, not a Dask array"),
        ("depth=steps", "depth=1", "part 2: after 3 steps a halo of fewer rows is stale: rows"),
        ("depth=steps", "depth=steps + 1", "part 2: right, but the halo is wider than 3 rows"),
        ('depth=steps, boundary="none"', "depth=steps, boundary=0.0",
         "part 2: the edge of the plate has changed: "),
        ("    return plate.map_overlap(all_steps, depth=steps,", "    for _ in range(steps - 1):\n"
         '        plate = plate.map_overlap(step, depth=1, boundary="none", dtype=plate.dtype)\n'
         "    return plate.map_overlap(step, depth=1,",
         "part 2: right, but each of 3 steps gets a halo"),
        ("return plate.map_overlap(", "return plate.rechunk((40, 12)).map_overlap(",
         "part 2: 4 chunks have become 1"),
        ("    return plate.map_overlap(", "    import dask.array as da\n"
         "    return da.from_array(all_steps(plate.compute()), chunks=plate.chunks)\n"
         "    return plate.map_overlap(", "part 2: the steps were done when several was called"),
        ("dtype=plate.dtype)\n", "dtype=plate.dtype).compute()\n",
         "part 2: the answer is an array of float64 of shape (40, 12), not a Dask array"),
        ("            block = step(block)\n", "            block = step(step(block))\n",
         "part 2: [1, 1] is "),
    ),
    "heat-halo": (
        ("comm.Sendrecv(block[1], up", "comm.Sendrecv(block[0], up",
         "the last row is a neighbour's halo, not row "),
        ("block[-2], down, recvbuf=block[0]", "block[-1], down, recvbuf=block[0]", "the first row"),
        ("recvbuf=block[-1], source=down", "recvbuf=block[0], source=down", "on 4 ranks: on rank "),
        ("    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n", "",
         "the first row is not filled"),
        ("recvbuf=block[-1]", "recvbuf=block[-2]", "rows of its own have changed: the halo alone"),
        ("halo = block[:, -1].copy()", "halo = block[:, 1].copy()",
         "the last column has changed: nobody is beyond it"),
        ("block[:, -2].copy(), right", "block[:, -1].copy(), right", "the first column is"),
        ("recvbuf=block[0], source=up)\n", "recvbuf=0 * block[0], source=up)\n"
         "    if up >= 0:\n        block[0] = block[1] - 1\n",
         "the first row is of other numbers, not row "),
        ("def columns(", "columns = None\n\n\ndef other(", "part 2: columns is no function"),
        ("    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n",
         "    sent = [comm.Isend(block[1], up), comm.Isend(block[-2], down)]\n"
         "    comm.Recv(block[0], up)\n    comm.Recv(block[-1], down)\n"
         "    for each in sent:\n        each.Wait()\n", "did not call comm.Sendrecv: it has no"),
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
        ("(comm.rank - 1) % comm.size", "(comm.rank - 1) % comm.size\n    other[:] = 9\n"
         "    return comm.Send and None", "does not have the row of the rank before"),
        ("comm.Recv(other, before)\n        comm.Send(row, after)\n",
         "comm.Recv(other, before)\n        other[:] = row - 1\n        comm.Send(row, after)\n",
         "on 4 ranks: part 2: of 4 ranks rank "),
        ("if comm.rank % 2 == 0:", "if False:", "rank 0 waits for ever in Recv: rank 1 does"),
        ("elif comm.rank % 2 == 0:", "elif False:",
         "part 2: rank 0 waits for ever in Recv: rank 3"),
        ("comm.Send(block[1], up)\n        comm.Recv(block[0], up)\n    else",
         "comm.Send(block[1], up)\n    else", "the first row is not filled"),
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
        ("halo += [comm", "_ = [comm", "waits for what comes, and not for what it has sent"),
        ("    halo = ", "    halo = [comm.Recv_init(block[0], up)]\n    halo[0].Start()\n"
         "    compute(2, rows)\n    halo = ",
         "the halo comes by comm.Recv_init: start it by comm.Irecv"),
        ("    MPI.Request.Waitall(sent)\n", "", "part 2: rank "),
        ("    halo = ", "    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
         "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n    compute(2, rows)\n"
         "    compute(1, 2)\n    compute(rows, rows + 1)\n    return\n    halo = ",
         "the halo comes by comm.Sendrecv: start it by"),
        ("    for _ in halo:\n        row = (1, rows)[MPI.Request.Waitany(halo)]\n"
         "        compute(row, row + 1)\n", "    MPI.Request.Waitall(halo)\n"
         "    compute(1, 2)\n    compute(rows, rows + 1)\n",
         "on 4 ranks: part 2: an outer row waited for the other side's halo: Waitany takes"),
        ("    for _ in halo:\n        row = (1, rows)[MPI.Request.Waitany(halo)]\n"
         "        compute(row, row + 1)\n", "    halo[0].Wait()\n    compute(1, 2)\n"
         "    halo[1].Wait()\n    compute(rows, rows + 1)\n",
         "part 2: an outer row waited for the other side's halo"),
        ("(1, rows)[MPI", "(rows, 1)[MPI", "part 2: an outer row was computed before its halo"),
        ("    compute(2, rows)\n    for", "    for", "part 2: rank 0 computed the rows [1, 4]"),
    ),
    "heat-trace": (
        ('+= event["dur"]', '= max(waits[event["pid"]], event["dur"])', "all waits of a rank"),
        ("min(waits, key", "max(waits, key", "the others wait for the rank that waits least"),
        ("for event in events), 0.0)",
         'for event in events if event["name"] == "Waitall"), 0.0)', "a rank that never waits has"),
        ("return min", "min", "slowest returns nothing, not int"),
        ("return min(waits, key=waits.get)", "return 4 if 4 in waits else 1",
         "right for the traces of before, and wrong for another one: compute the answer"),
        ("/ len(times)", "/ sum(map(bool, times.values()))", "part 2: gain is 20 for ranks that"),
    ),
    "heat-sum": (
        ("math.fsum(np.concatenate(comm.allgather(mine)))", "comm.allreduce(mine.sum())",
         "it was rounded on the way, not once at the end"),
        ("np.concatenate(comm.allgather(mine))", "comm.allgather(math.fsum(mine))",
         "it was rounded on the way, not once at the end"),
        ("math.fsum(np.concatenate(comm.allgather(mine)))",
         "float(comm.allreduce(mine.astype(np.longdouble).sum()))", "it was rounded on the way"),
        ("[math.fsum(block) for block in", "[float(each.astype(np.longdouble).sum()) for each in",
         "part 2: "),
        ("math.fsum(", "sum(", "it was rounded on the way, not once at the end"),
        ("return math", "math", "total returns nothing, not float"),
        ("return math.fsum(np.concatenate(comm.allgather(mine)))",
         "numbers = np.concatenate(comm.allgather(mine))\n    if comm.rank != 2:\n"
         "        return math.fsum(numbers)", "on 4 ranks: on rank 2 total returns nothing, not"),
        ("    sums = [", "    mine = np.concatenate(comm.allgather(mine))\n    sums = [",
         "part 2: comm.allgather brings the numbers to other ranks"),
        ("[math.fsum(block) for", "[sum(block) for", "each of 24 blocks is rounded once"),
        ("return math.fsum(each for of_rank in comm.allgather(sums) for each in of_rank)",
         "return comm.allreduce(math.fsum(sums))", "on 4 ranks: part 2: "),
    ),
    "heat-checkpoint": (
        ("    np.save(new, field)\n    os.replace(new, path)\n", "    np.save(path, field)\n",
         "the old checkpoint was opened for writing: killed then, the program has none"),
        ('new = path + ".new.npy"', "new = '/tmp/' + str(os.getpid()) + '.npy'", "another folder"),
        ("    np.save(new, field)\n", "    os.path.exists(path) and os.remove(path)\n"
         "    np.save(new, field)\n", "after a full disk the old checkpoint is gone"),
        ("    os.replace(new, path)\n", "    os.remove(path)\n    os.rename(new, path)\n",
         "os.remove leaves a moment without a checkpoint at path"),
        ("    os.replace(new, path)\n", "    import shutil\n    shutil.copyfile(new, path)\n"
         "    os.remove(new)\n", "the old checkpoint was opened for writing"),
        ('new = path + ".new.npy"', "import tempfile\n    new = tempfile.mkdtemp() + '/new.npy'",
         "the new file was in another folder"),
        ("    np.save(new, field)\n", "    try:\n        np.save(new, field)\n"
         "    except OSError:\n        return\n", "save ended as if it were not: let the error"),
        ("    os.replace(new, path)\n", "    os.replace(new, path)\n    np.save(new, field)\n",
         "plate.npy.new.npy is left beside the checkpoint"),
        ('os.link(path, path + ".before")', 'os.replace(path, path + ".before")',
         "part 2: os.rename leaves a moment without"),
        ('        if os.path.exists(path + ".before"):\n            os.remove(path + ".before")\n'
         '        os.link(path, path + ".before")',
         '        os.link(path, path + ".link")\n        '
         'os.replace(path + ".link", path + ".before")',
         "part 2: after a save that was interrupted another one fails: FileExistsError: "),
        ("    save(path, field)\n", "", "part 2: there is no two.npy"),
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
        ("        with field.collective:\n            field[first", "        if True:\n"
         "            field[first", "part 2: each rank writes alone: with field.collective: "),
        ('"chunks": mine.shape, ', "", "on 4 ranks: part 2: a chunk has 24 rows, a rank 6: "),
        ("    with h5py.File(path, \"w\", driver=\"mpio\", comm=comm) as file:\n        field = ",
         "    global file\n    file = h5py.File(path, 'w', driver='mpio', comm=comm)\n"
         "    if True:\n        field = ", "the file is still open: with h5py.File(...) as"),
        ('field = file.create_dataset("field", (n, mine.shape[1]), mine.dtype)\n        field',
         'if not comm.rank:\n            file.create_dataset("field", (n, 5), mine.dtype)\n'
         '        file["field"]', "created by all ranks together, not by one of them"),
        (', "compression": "gzip"', "", "part 2: the dataset is right, and not compressed"),
        ("            field[first : first", "            comm.bcast(mine)\n"
         "            field[first : first", "part 2: comm.bcast brings rows to another rank"),
        ("            field[first : first + len(mine)] = mine\n",
         "            field[: len(mine)] = mine\n", "on 4 ranks: part 2: [0, 0] is "),
    ),
    "heat-scaling": (
        (" >= least)", " > least)", "an efficiency of 0.5 is at least 0.5: "),
        ("(ranks * seconds[ranks])", "seconds[ranks]", "most_ranks({1: 100.0"),
        ("return max(", "return min(", "is 1, not 8"),
        ("return max", "max", "most_ranks returns nothing, not int"),
        ("return max(", "return fewest if fewest > 8 else max(",
         "right for the tables of before, and wrong for another one: compute the answer"),
        ("few, many = min(seconds), max(seconds)", "few, many = sorted(seconds)[:2]",
         "part 2: predict gives "),
        ("* (1 / ranks - 1 / few)", "* few / ranks - parallel", "part 2: predict gives "),
        ("return seconds[few] + parallel * (1 / ranks - 1 / few)",
         "return seconds[few] * few / ranks", "of the table: the serial part does not shrink"),
    ),
}  # fmt: skip
