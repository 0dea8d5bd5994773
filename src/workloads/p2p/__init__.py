"""Point to point: messages between MPI ranks, how long each takes and how fast it goes."""
