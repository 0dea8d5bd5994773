"""What counts in a start: the cases, and which paths are whose."""

from __future__ import annotations

import pytest

from workloads.startup.calls import is_node_local


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/ld.so.cache", "/proc/self/maps", "/sys/devices", "/dev/shm/x"),  # noqa: S108
        *("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/usr/lib/x.py"),
        *("/usr/lib/locale/C.utf8/LC_CTYPE", "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache"),
    ],
)
def test_what_every_node_has_is_node_local(path: str) -> None:
    assert is_node_local(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/opt/hpcpy/lib/libpython3.so", "/opt/mpich/lib/libmpi.so.12", "/usr", "/usr/bin"),
        *("/.singularity.d/libs/libc.so.6", "/usr/lib/python3/dist-packages/numpy", "/etcetera"),
        *("/usr/lib/python3.14/os.py", "/usr/lib/../share/x", "/home/me/lib/x", "/tmp", "/mnt"),  # noqa: S108
    ],
)
def test_all_else_is_off_node(path: str) -> None:
    assert not is_node_local(path)
