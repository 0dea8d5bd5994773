"""What stands in for newer functions of glibc (recipes/old_libc) answers as glibc's own does.

Each is asked at its limits, in a library beside this process's glibc.
"""

import ctypes
import errno
import itertools
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.core import paths

LARGEST, SMALLEST = 2**63 - 1, -(2**63)
GLIBC = ctypes.CDLL(None, use_errno=True)
# As on a host before 2.34: spawn.c asks for the host's own.
NO_HOSTS = "void *no_dlsym(void *handle, const char *name) { (void)handle; (void)name; return 0; }"


class Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class Found(ctypes.Structure):
    """Glibc's `struct dl_find_object`."""

    _fields_ = (
        ("flags", ctypes.c_ulonglong),
        *((name, ctypes.c_void_p) for name in ("start", "end", "map", "eh_frame")),
        ("reserved", ctypes.c_ulonglong * 8),
    )


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Compile them into a library that exports them."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    if not hasattr(GLIBC, "_dl_find_object"):
        pytest.skip("this machine's glibc is older than 2.35, which has all of them")
    folder = tmp_path_factory.mktemp("old_libc")
    for source in (paths.ROOT / "recipes/old_libc").glob("*.[cS]"):
        if source.name != "start.c":  # of a program
            text = source.read_text().replace("visibility push(hidden)", "visibility push(default)")
            end = NO_HOSTS if source.name == "spawn.c" else ""
            (folder / source.name).write_text(text.replace(".hidden \\new", "") + end)
    strict = ["-std=gnu11", "-Wall", "-Wextra", "-fno-builtin", "-fPIC"]
    command = [gcc, *strict, "-Ddlsym=no_dlsym", "-shared", "-Wl,-Bsymbolic"]
    file = folder / "old.so"
    subprocess.run([*command, *sorted(folder.glob("*.[cS]")), "-o", file], check=True)
    return ctypes.CDLL(str(file), use_errno=True)


def answered(function: Callable[..., int], *words: object) -> tuple[int, int]:
    """Return what a function answers, and its error."""
    ctypes.set_errno(0)
    return function(*words), ctypes.get_errno()


WAITS = (0, 0)
PAST, INVALID = (-1, errno.ETIMEDOUT), (-1, errno.EINVAL)
NEVER = 99
# From now.  Until 7.43e9 s the sum with the wall's time has a number of nanoseconds, until 9.22e9 s
# the time alone: that is Python's threading.TIMEOUT_MAX.
FROM_NOW = {
    "an hour": (3600, 999_999_999),
    "more than an hour": (3602, 0),
    "more than the sum": (7_450_000_000, 0),
    "TIMEOUT_MAX": (LARGEST // 10**9, 999_999_999),
    "more than the time": (LARGEST // 10**9 + 2, 0),
}
ENDS = {
    "the largest": (LARGEST, 999_999_999, WAITS),
    "1970": (0, 0, PAST),
    "before": (-1, 0, PAST),
    "the smallest": (SMALLEST, 0, PAST),
    "too few nanoseconds": (LARGEST, -1, INVALID),
    "too many nanoseconds": (LARGEST, 10**9, INVALID),
}


@pytest.mark.parametrize("clock", [time.CLOCK_MONOTONIC, time.CLOCK_REALTIME, NEVER])
@pytest.mark.parametrize("end", [*FROM_NOW, *ENDS])
@pytest.mark.parametrize("is_posted", [True, False])
def test_a_wait_ends_as_glibcs(ours: ctypes.CDLL, *, clock: int, end: str, is_posted: bool) -> None:
    seconds, nanoseconds, expected = ENDS.get(end) or (*FROM_NOW[end], WAITS)
    if clock == NEVER:
        expected = INVALID
    elif end in FROM_NOW:
        seconds += int(time.clock_gettime(clock))
    if is_posted and expected == PAST:
        expected = WAITS
    for library in (ours, GLIBC):
        semaphore = ctypes.create_string_buffer(64)
        GLIBC.sem_init(semaphore, 0, int(is_posted))
        # A busy machine posts before a wait that has ended already has begun.
        post = threading.Timer(0.02 if expected == WAITS else 3600, GLIBC.sem_post, (semaphore,))
        post.start()
        until = ctypes.byref(Time(seconds, nanoseconds))
        answer = answered(library.sem_clockwait, semaphore, clock, until)
        post.cancel()
        post.join()
        assert (answer[0], answer[1] if answer[0] else 0) == expected, library


ALL = 2**32 - 1


@pytest.mark.parametrize(
    ("first", "last", "flags"),
    [(ALL, ALL, 0), (ALL, 0, 0), (900, 900, 0), (900, ALL, 4), (900, ALL, 1 << 31)],
)
def test_a_range_closes_as_glibcs(ours: ctypes.CDLL, first: int, last: int, flags: int) -> None:
    left = []
    for library in (ours, GLIBC):
        os.dup2(0, 900)
        words = (ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_int(flags))
        left.append((answered(library.close_range, *words), Path("/proc/self/fd/900").exists()))
        os.closerange(900, 901)
    assert left[0] == left[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a file of 8 TiB, and links."""
    folder = tmp_path_factory.mktemp("files")
    with (folder / "large").open("wb") as large:
        large.truncate(2**43)
        os.utime(large.fileno(), ns=(-(10**18), 2**62))
    (folder / "link").symlink_to("large")
    (folder / "broken").symlink_to("none")
    return folder


PATHS = ("large", "link", "broken", "none", "large/below", "/dev/null", "", "x" * 256, "x/" * 2500)
EMPTY_PATH, NO_FOLLOW = 0x1000, 0x100


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("end", ["", "64"])
def test_stat_is_as_glibcs(ours: ctypes.CDLL, files: Path, path: str, end: str) -> None:
    folder = os.open(files, os.O_RDONLY)
    whole = os.fsencode(files / path) if path else b""
    asked: list[tuple[str, tuple[object, ...]]] = [("stat", (whole,)), ("lstat", (whole,))]
    asked += [
        ("fstatat", (at, path.encode(), flags))
        for at in (folder, -1, -100, 2**31 - 1)
        for flags in (0, NO_FOLLOW, EMPTY_PATH, EMPTY_PATH | NO_FOLLOW, -1)
    ]
    asked += [("fstat", (number,)) for number in (folder, -1, -100, 2**31 - 1)]
    for name, (*words, last) in asked:
        results = [ctypes.create_string_buffer(144) for _ in range(2)]
        # The result stands before the flags.
        flags = (last,) if name == "fstatat" else ()
        first = words if flags else [*words, last]
        answers = [
            answered(getattr(library, name + end), *first, result, *flags)
            for library, result in zip((ours, GLIBC), results, strict=True)
        ]
        assert answers[0] == answers[1], (name, words)
        assert results[0].raw == results[1].raw, (name, words)
    os.close(folder)


LISTS = "cd /proc/self/fd; for file in *; do [ ! -e $file ] || printf '%s ' $file; done"


@pytest.mark.parametrize("start", [-(2**31), -1, 3, 90, 2**31 - 1])
@pytest.mark.parametrize("limit", [None, 80])
def test_spawn_closes_as_glibcs(
    ours: ctypes.CDLL, tmp_path: Path, start: int, limit: int | None
) -> None:
    left = []
    # Python's own, which exec closes, and one that is inherited.
    os.dup2(0, 100, inheritable=False)
    os.dup2(0, 70)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit or before[0], before[1]))
        for library in (ours, GLIBC):
            actions = ctypes.create_string_buffer(256)
            GLIBC.posix_spawn_file_actions_init(actions)
            out = tmp_path / "out"
            opened = (os.fsencode(out), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            GLIBC.posix_spawn_file_actions_addopen(actions, 1, *opened)
            code = library.posix_spawn_file_actions_addclosefrom_np(actions, start)
            number = ctypes.c_int()
            arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", LISTS.encode(), None)
            asked = (actions, None, arguments, None)
            assert GLIBC.posix_spawn(ctypes.byref(number), b"/bin/sh", *asked) == 0
            assert os.waitpid(number.value, 0)[1] == 0
            left.append((code, out.read_text()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        os.closerange(70, 101)
    assert left[0] == left[1]
    assert (" 70 " in left[0][1]) == (start != 3)


LARGE = (LARGEST, LARGEST + 1, SMALLEST, SMALLEST - 1, 2**64)
NUMBERS = ("", "-", "08", "0x", "0x7fg", *map(str, LARGE))


@pytest.mark.parametrize("name", ["strtol", "strtoll", "strtoul", "strtoull", "strtoimax"])
def test_numbers_are_read_as_by_glibc(ours: ctypes.CDLL, name: str) -> None:
    for text, base in itertools.product(NUMBERS, (0, 1, 8, 16, 36, 37, -1)):
        source = ctypes.create_string_buffer(text.encode())
        answers = []
        for function in (getattr(ours, f"__isoc23_{name}"), getattr(GLIBC, name)):
            function.restype = ctypes.c_long
            end = ctypes.c_void_p()
            answers.append((answered(function, source, ctypes.byref(end), base), end.value))
        assert answers[0] == answers[1], (text, base)


def test_frames_are_found_as_by_glibc(ours: ctypes.CDLL) -> None:
    inside = ctypes.cast(ours.stat, ctypes.c_void_p).value or 0
    known = ctypes.cast(GLIBC.stat, ctypes.c_void_p).value or 0
    for address in (0, 1, inside, known, 2**47 - 1, 2**64 - 1):
        found = []
        for library in (ours, GLIBC):
            result = Found()
            code = library._dl_find_object(ctypes.c_void_p(address), ctypes.byref(result))
            found.append((code, result.eh_frame if code == 0 else None))
        assert found[0] == found[1]
        assert (found[0][0] == 0) == (address in (inside, known))
