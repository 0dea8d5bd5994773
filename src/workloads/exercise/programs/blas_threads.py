# Every rank calls compute, and returns what product() returns: a product of matrices by BLAS.
#
# BLAS starts a thread for each core, in every rank: 32 ranks on a node of 32 cores make 1,024
# threads, which wait for each other. Give each rank its share of the `cores` of its node,
# and one thread if there are more ranks than cores. The ranks of one node are `node`, a
# communicator: node = comm.Split_type(MPI.COMM_TYPE_SHARED) makes it in your own programs.
# `with threadpool_limits(number, user_api="blas"):` limits BLAS in the lines below it.
#
# Hint: node.size ranks share the cores. // rounds down, to 0 if there are more ranks.

from threadpoolctl import threadpool_limits


def compute(node, cores, product):
    """Return product(), computed by this rank's share of the cores."""
    # Hole: limit the threads, and return product()
    with threadpool_limits(max(1, cores // node.size), user_api="blas"):
        return product()
    # End of the hole.
