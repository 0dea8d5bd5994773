/* Calls _hpcpy_mpi_said's function of this name, `before` or `after` MPI's start, if
   HPCPY_VERBOSE=1. */

#pragma once

void hpcpy_mpi_said(const char *when);
