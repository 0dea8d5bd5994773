# work(comm) may hang. Return what it returns; but after `seconds` a rank that is still in it
# writes where it is into its own file, folder/stack-RANK.txt (stack-0.txt of rank 0), and waits on.
#
# faulthandler.dump_traceback_later(seconds, file=file) has a thread of its own in C, which needs no
# GIL: it writes also while Python waits in MPI, where Ctrl-C or pdb get no answer. When work has
# ended, or has raised an error, cancel it: faulthandler.cancel_dump_traceback_later().
#
# Hint: The file must be open as long as work runs. `finally` comes after an error, too.

import faulthandler


def run(comm, work, seconds, folder):
    """Return work(comm); after `seconds` write where this rank is."""
    # Hole: open this rank's file, start the timer, call work, cancel the timer
    with open(f"{folder}/stack-{comm.rank}.txt", "w") as file:
        faulthandler.dump_traceback_later(seconds, file=file)
        try:
            return work(comm)
        finally:
            faulthandler.cancel_dump_traceback_later()
    # End of the hole.


# Part 2, which is harder: last.
#
# Of the stacks you have made a dict: waits[rank] is the rank that it waits for, or None where it
# computes. Follow the waiting from `rank` on, and return the list of the ranks for which it waits
# at last: the one that computes, or those that wait for each other in a circle, sorted.
#
# Hint: Keep the ranks that you have seen, in order: a circle begins at the one you meet again.


def last(waits, rank):
    """Return the ranks for which `rank` waits at last, sorted."""
    # Hole: follow waits[rank] until None, or until a rank that you have seen
    seen = []
    while rank is not None and rank not in seen:
        seen.append(rank)
        rank = waits[rank]
    return seen[-1:] if rank is None else sorted(seen[seen.index(rank) :])
    # End of the hole.
