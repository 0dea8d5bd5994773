# table.total(row) adds up a row of a large table. Return the totals of all rows, in order,
# computed by `workers` processes.
#
#     list(pool.map(table.total, range(rows)))
#
# is right, and slow: a bound method carries its object, so each task pickles the whole table.
# Give the table to the initializer of the pool, which runs once in each worker. A task is
# then the number of a row.
#
# Hint: ProcessPoolExecutor(workers, initializer=..., initargs=(..., )) calls it in each worker.

from concurrent.futures import ProcessPoolExecutor

TABLE = None


def start(table):
    global TABLE
    TABLE = table


def total(row):
    return TABLE.total(row)


def compute(table, rows, workers):
    """Return the totals of all rows."""
    # Hole: start a pool whose workers keep the table, and map total
    with ProcessPoolExecutor(workers, initializer=start, initargs=(table,)) as pool:
        return list(pool.map(total, range(rows)))
    # End of the hole.
