"""Ask OpenCL's loader for its platforms and devices, through pyopencl."""

from __future__ import annotations

import json

from workloads.bench import caches


def platforms() -> dict[str, object]:
    """Return the devices of each platform, or why there are none."""
    # PoCL offers no device at all when its cache folder cannot be written.
    caches.provide("POCL_CACHE_DIR", "pocl")
    try:
        import pyopencl as cl  # noqa: PLC0415
    except ImportError as error:
        return {"problem": f"pyopencl does not load: {str(error).splitlines()[0]}"}
    try:
        found = {
            platform.name.strip(): [device.name.strip() for device in platform.get_devices()]
            for platform in cl.get_platforms()
        }
    except cl.Error as error:
        return {"problem": f"no platform answers: {error}"}
    return {"platforms": found}


if __name__ == "__main__":
    print(json.dumps(platforms()))
