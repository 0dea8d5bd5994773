"""Whether there is an NVIDIA GPU, found out without importing anything."""

from __future__ import annotations

from pathlib import Path

NO_DEVICE = "run with --nv on a GPU node"


def no_device() -> str:
    """Return why no CUDA kernel can run here, or an empty string."""
    # Numbered by card; under WSL there is one device for all.
    devices = Path("/dev")
    if any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists():
        return ""
    return f"no CUDA device: {NO_DEVICE}"
