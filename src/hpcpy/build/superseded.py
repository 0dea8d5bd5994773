"""Earlier images of a name: one takes 1.4 GB of the cache, and each change makes another."""

from __future__ import annotations

from pathlib import Path

from hpcpy import paths
from hpcpy.build.buildah import Buildah
from hpcpy.build.cached import recorded
from hpcpy.build.images import tag_of

# Beside the one that is being made: a change is often taken back.
_KEPT = 1
_KEY = "[0-9a-f]" * 16


def drop_superseded(name: str, buildah: Buildah) -> None:
    """Remove all archives of an image but the last from the cache, and what they were made of.

    Parameters
    ----------
    name
        The image's, of which another archive is being made.
    buildah
        Whose storage.
    """
    archives = sorted(
        (paths.cache_dir() / "images").glob(f"{name}-{_KEY}.oci.tar"),
        key=_last_use,
        reverse=True,
    )
    for archive in archives[_KEPT:]:
        archive.unlink(missing_ok=True)
        recorded(archive).unlink(missing_ok=True)
        key = archive.name.removesuffix(".oci.tar").removeprefix(f"{name}-")
        buildah.remove(tag_of(name, key))


def _last_use(archive: Path) -> int:
    try:
        return archive.stat().st_mtime_ns
    except FileNotFoundError:
        # Another build here has just removed it.
        return 0
