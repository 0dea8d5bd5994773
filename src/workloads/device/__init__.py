"""Devices: NVIDIA's GPUs."""
