/* Not NVIDIA's, and empty.  CuPy and numba-cuda ask cuda-pathfinder for the folder
   of headers, which it finds by a file of this name.  NVRTC has built in what NVIDIA's
   file of this name declares for kernels. */
