"""Workers: threads, processes, MPI ranks, and how they end."""
