/* Not NVIDIA's, and empty.  cuda-pathfinder, which CuPy and numba-cuda ask for
   the folder of headers, knows it by a file of this name; what NVIDIA's of this
   name declares for kernels, NVRTC has built in. */
