"""Ask the driver's libcuda for its devices; no Python package is needed."""

from __future__ import annotations

import ctypes
import json


def devices() -> dict[str, object]:
    """Return the driver's CUDA version and each device's name, or why there is none."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return {"problem": f"libcuda.so.1 does not load: {error}"}
    if code := cuda.cuInit(0):
        return {"problem": f"cuInit: {_name(cuda, code)}"}
    number = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(number))
    cuda_version = f"{number.value // 1000}.{number.value % 1000 // 10}"
    cuda.cuDeviceGetCount(ctypes.byref(number))
    return {"cuda": cuda_version, "devices": [_device(cuda, i) for i in range(number.value)]}


def _name(cuda: ctypes.CDLL, code: int) -> str:
    text = ctypes.c_char_p()
    cuda.cuGetErrorName(code, ctypes.byref(text))
    return f"{(text.value or b'unknown error').decode()} ({code})"


def _device(cuda: ctypes.CDLL, index: int) -> str:
    device, name = ctypes.c_int(), ctypes.create_string_buffer(128)
    cuda.cuDeviceGet(ctypes.byref(device), index)
    cuda.cuDeviceGetName(name, len(name), device)
    return name.value.decode(errors="replace")


if __name__ == "__main__":
    print(json.dumps(devices()))
