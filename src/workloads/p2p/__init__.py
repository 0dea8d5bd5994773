"""Point to point: messages between MPI ranks, their time and their bytes a second."""
