"""Hold a cluster, end it, and refuse it to users who may not have it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator

from hpcpy.cluster import network, processes
from hpcpy.cluster.layout import Layout
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import lock, make_folder


def require_root(target: str, note: str = "") -> None:
    """Refuse a user who may not make namespaces."""
    if os.geteuid() != 0:
        raise UnavailableError(
            "the local cluster is made of network and mount namespaces, which only root may"
            " make and end",
            hint=f"an administrator would type: sudo {target}{note}",
        )
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(
            f"this root may not make namespaces ({done.stderr.strip()})",
            hint="it needs CAP_SYS_ADMIN and CAP_NET_ADMIN, as on the machine itself",
        )


@contextlib.contextmanager
def held(layout: Layout) -> Iterator[None]:
    """Keep others from starting or ending the cluster."""
    # The lock is on a folder that is there anyway: nothing is left of it.
    make_folder(layout.folder.parent)
    handle = os.open(layout.folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lock(handle, fcntl.LOCK_EX, layout.folder.parent)
        yield
    finally:
        os.close(handle)


def remove(layout: Layout) -> None:
    """End all of a cluster, also of one whose maker was killed, and leave no file."""
    processes.end_all(layout)
    network.remove(layout)
    for folder in (layout.run, layout.folder):
        shutil.rmtree(folder, ignore_errors=True)
