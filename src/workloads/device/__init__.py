"""Devices: OpenCL and CUDA."""
