"""Programs of Debian's packages for tests, below build/tools: an installation starts services."""

import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import scratch_dir
from hpcpy.core.scratch import locked
from hpcpy.fetch.deb import unpack
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.model import host_arch


@functools.cache
def unpacked(name: str, finish: Callable[[Path, Path], None] | None = None) -> Path:
    """Return the folder with a set's packages, unpacked once for this place.

    `finish` gets the folder while it is made, and the place where it will be.
    """
    debs = fetch_debs(name, host_arch()).values()
    # The folder of a download has the name of its hash.
    parts = [str(paths.TOOLS), inspect.getsource(finish) if finish else ""]
    parts += sorted(deb.parent.name for deb in debs)
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    final = paths.TOOLS / f"{name}-{key}"
    # Not the checkout's lock: a build of an image may hold that for a quarter of an hour.
    with locked(paths.TOOLS / f".{final.name}.lock"):
        if not final.exists():
            with scratch_dir(paths.TOOLS, f".{name}") as scratch:
                for deb in debs:
                    unpack(deb, scratch / "made")
                if finish:
                    finish(scratch / "made", final)
                (scratch / "made").rename(final)
    return final
