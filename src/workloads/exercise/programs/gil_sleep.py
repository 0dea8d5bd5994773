# wait(k) sleeps, as a download does; count(k) computes. Call both for k = 0 ... jobs - 1,
# and return two lists: what wait returns, and what count returns, in the order of k.
#
# A thread that sleeps gives the GIL away, one that computes keeps it. So let all jobs wait at
# the same time, in threads of this process, and let `workers` processes count.
#
# Hint: Both pools have map. To sleep needs no core: there may be more threads than cores.

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def compute(wait, count, jobs, workers):
    """Return the list of wait(k), and the list of count(k)."""
    # Hole: wait in threads, count in processes
    with ThreadPoolExecutor(jobs) as threads, ProcessPoolExecutor(workers) as processes:
        waited = threads.map(wait, range(jobs))
        counted = processes.map(count, range(jobs))
        return list(waited), list(counted)
    # End of the hole.
