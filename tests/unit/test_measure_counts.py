"""What counts as a path system call, and which of them are off-node."""

from __future__ import annotations

import pytest

from hpcpy.measure.counts import KINDS, Counts, count
from hpcpy.measure.places import is_node_local
from hpcpy.measure.strace import TraceError

START = '5 execve("/opt/p/bin/python3", [...], 0x1 /* 21 vars */) = 0'


def counted(*lines: str, cwd: str = "/mnt", root: str = "/") -> Counts:
    return count([START, *lines], "/opt/p/bin/python3", cwd=cwd, root=root)


def paths(*lines: str, cwd: str = "/mnt") -> list[str]:
    return [call.path for call in counted(*lines, cwd=cwd).paths[1:]]


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/ld.so.cache", "/proc/self/maps", "/sys/devices", "/dev/shm/x"),  # noqa: S108
        *("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"),
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


def test_the_interpreters_own_execve_is_the_first_call() -> None:
    counts = count(
        [
            '3 execve("/usr/bin/apptainer", [...], 0x1 /* 21 vars */) = 0',
            '3 openat(AT_FDCWD</>, "/etc/apptainer.conf", O_RDONLY) = 3',
            '5 execve("/opt/x/python3", [...], 0x1 /* 21 vars */) = -1 ENOENT (No such file)',
            START,
            '3 newfstatat(AT_FDCWD</>, "/var", 0x7f, 0) = 0',
        ],
        "/opt/p/bin/python3",
    )
    assert [(call.kind, call.path) for call in counts.paths] == [("execve", "/opt/p/bin/python3")]


def test_a_program_that_was_never_started_is_an_error() -> None:
    with pytest.raises(TraceError, match="python3 was never started"):
        count([START], "/usr/bin/python3")


def test_each_kind_is_counted_found_or_not() -> None:
    counts = counted(
        '5 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)',
        '5 openat(AT_FDCWD</mnt>, "/opt/p/x", O_RDONLY) = -1 ENOENT (No such file or directory)',
        '5 openat(AT_FDCWD</mnt>, "/opt/p/y", O_RDONLY) = 3</opt/p/y>',
        '5 newfstatat(AT_FDCWD</mnt>, "/opt/p/y", {st_mode=S_IFREG|0644, ...}, 0) = 0',
        '5 statx(AT_FDCWD</mnt>, "/opt/p/y", AT_STATX_SYNC_AS_STAT, STATX_ALL, {...}) = 0',
        '5 readlink("/opt/p/y", 0x7f, 4096) = -1 EINVAL (Invalid argument)',
        '5 getcwd("/mnt", 1024)              = 5',
        '5 mkdir("/tmp/x", 0700)             = 0',
    )
    summary = counts.summary()
    assert summary["kinds"] == dict(zip(KINDS, (1, 2, 2, 1, 1, 1), strict=True))
    assert (summary["path_calls"], summary["opens"], summary["getcwd"]) == (8, 1, 1)
    assert summary["off_node"] == 7


def test_a_descriptor_is_no_path() -> None:
    assert paths('5 newfstatat(3</opt/p/y>, "", {st_size=1, ...}, AT_EMPTY_PATH) = 0') == []


def test_a_relative_path_is_completed() -> None:
    assert paths(
        '5 openat(AT_FDCWD, "a", O_RDONLY) = 3</mnt/a>',
        '5 openat(3</opt/d>, "b", O_RDONLY) = 4</opt/d/b>',
        '5 chdir("/opt")                     = 0',
        '5 readlink("c", 0x7f, 4096)         = -1 EINVAL (Invalid argument)',
        "5 fchdir(3</srv>)                   = 0",
        '5 access("d", R_OK)                 = 0',
    ) == ["/mnt/a", "/opt/d/b", "/opt", "/opt/c", "/srv/d"]


def test_a_changed_root_is_no_part_of_a_path() -> None:
    counts = counted(
        '5 openat(AT_FDCWD</big/root/mnt>, "a", O_RDONLY) = 3</big/root/mnt/a>',
        "5 read(3</big/root/mnt/a>, ..., 8) = 8",
        "5 read(4</big/root/etc/b>, ..., 9) = 9",
        root="/big/root",
    )
    assert counts.paths[1].path == "/mnt/a"
    assert counts.bytes_read == 8


def test_children_and_threads_count_whenever_their_clone_ends() -> None:
    counts = counted(
        "5 vfork( <unfinished ...>",
        '6 execve("/bin/true", [...], 0x7f /* 42 vars */) = 0',
        "5 <... vfork resumed>)              = 6",
        "5 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[7]}, 88) = 7",
        '7 openat(AT_FDCWD</mnt>, "/opt/x", O_RDONLY) = 3',
        '8 openat(AT_FDCWD</mnt>, "/opt/of-somebody-else", O_RDONLY) = 3',
        "5 clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (Resource temporarily unavailable)",
    )
    assert [call.path for call in counts.paths[1:]] == ["/bin/true", "/opt/x"]
    assert (counts.processes, counts.threads) == (1, 1)


def test_listings_and_bytes_read_are_counted() -> None:
    counts = counted(
        "5 getdents64(3</opt/p>, 0x55 /* 196 entries */, 32768) = 6608",
        "5 getdents64(3</opt/p>, 0x55 /* 0 entries */, 32768) = 0",
        '5 read(3</opt/p/a.pyc>, ""..., 65536) = 16847',
        '5 pread64(3</opt/p/l.so>, ""..., 840, 64) = 840',
        "5 read(3</opt/p>, 0x7f, 1) = -1 EISDIR (Is a directory)",
        '5 read(3</etc/localtime>, ""..., 4096) = 114',
        '5 read(0<pipe:[19]>, ""..., 4096) = 7',
    )
    assert len(counts.listings) == 2
    assert counts.bytes_read == 17687
