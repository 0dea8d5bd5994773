"""``hpcpy clean [--all | --cache]``: remove what was built, or empty the cache."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.parser import Parser
from hpcpy.core.programs import run
from hpcpy.core.scratch import LOCK, USERS, checkout_lock, locked, remove_storage, remove_tree

_IMAGES = (
    *("*.sif", "*.tar", "*.json", "*.png", "hpcpy-python*", "docs", "gpu", "logs"),
    "startup",
)
_OF_CACHE = ("apt", "downloads", "engine", "images", "parts", "rootfs")
# The first file in a cluster's folder.
_CLUSTER = ".hpcpy-cluster"
# Where containers are made: buildah's and podman's.
_STORAGES = ("storage", "storage-emulated", "containers-[0-9]*")


def declare(parser: Parser) -> None:
    """Add the command's arguments."""
    alternative = parser.alternatives()
    help_ = "stop local clusters, then remove all of build/, tools included"
    alternative("--all", action="store_true", help=help_)
    alternative("--cache", action="store_true", help="leave build/, and empty the cache")


def main(options: argparse.Namespace) -> int:
    """Remove the images and what was made of them, or all of ``build/``, or the cache."""
    if options.cache:
        # A wrong HPCPY_CACHE is an error at once, even while another make runs here.
        cache = paths.cache_dir()
        with checkout_lock():
            _empty(cache)
        return 0
    if options.all:
        _stop_clusters()
    if not paths.BUILD.exists():
        return 0
    with checkout_lock():
        if options.all:
            _remove_locked(paths.BUILD, paths.BUILD / LOCK)
        for pattern in _IMAGES:
            for path in sorted(paths.BUILD.glob(pattern)):
                remove_tree(path)
    return 0


def _stop_clusters() -> None:
    """End the checkout's cluster, and those that killed tests and benchmarks have left."""
    left = [each for where in ("*", "storm/*") for each in paths.BUILD.glob(f"{where}/{_CLUSTER}")]
    folders, own = {mark.parent for mark in left if mark.is_file()}, paths.BUILD / "cluster"
    # A cluster may outlive its folder. What no cluster has marked goes with all of build/.
    if not own.is_file() and not any(own.glob("*")):
        folders.add(own)
    for folder in sorted(folders):
        words = ("cluster", "--stop", f"--folder={folder}")
        if code := run([sys.executable, paths.ROOT / "hpcpy", *words]).returncode:
            sys.exit(code)


def _empty(cache: Path) -> None:
    """Remove the cache's folders and nothing else: HPCPY_CACHE may hold a checkout's, too."""
    for path in sorted(cache.iterdir()) if cache.is_dir() else []:
        is_storage = any(path.match(pattern) for pattern in _STORAGES)
        if path.is_symlink() or not path.is_dir() or not (is_storage or path.name in _OF_CACHE):
            print(f"hpcpy clean: {path}: left alone, not a part of the cache", file=sys.stderr)
            continue
        # What those hold who write to it; each unfinished download is a lock of its own.
        locks = [*path.glob(USERS), *path.glob("*/lock"), *path.glob("partial/*")]
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(locked(lock, may_wait=False))
            if is_storage:
                remove_storage(path)
            else:
                _remove_locked(path, path / USERS)
    with contextlib.suppress(OSError):
        cache.rmdir()


def _remove_locked(folder: Path, lock: Path) -> None:
    """Remove a folder, its lock last: who comes meanwhile waits, and finds nothing half removed."""
    if folder.is_symlink():  # to another disk
        remove_tree(folder)
        return
    for path in folder.iterdir():
        if path != lock:
            remove_tree(path)
    lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody has come
        folder.rmdir()
