"""The kernel's ptrace, through ctypes: strace is not needed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from typing import NamedTuple

# linux/ptrace.h
_TRACEME, _GETEVENTMSG, _SYSCALL = 0, 0x4201, 24
_SETOPTIONS, _GET_SYSCALL_INFO = 0x4200, 0x420E
FORK, VFORK, CLONE, EXEC, EXIT = 1, 2, 3, 4, 6
# Tell system calls from signals, follow all that the program starts, and kill
# all of it when the tracer ends.
_OPTIONS = 1 | sum(1 << event for event in (FORK, VFORK, CLONE, EXEC, EXIT)) | 1 << 20
CALL_STOP = signal.SIGTRAP | 0x80
# Threads as well as processes.
_WALL = 0x40000000


class _Info(ctypes.Structure):
    """``struct ptrace_syscall_info``, its union as eight words."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("arch", ctypes.c_uint32),
        ("pointers", ctypes.c_uint64 * 2),
        ("words", ctypes.c_uint64 * 8),
    )


class Entered(NamedTuple):
    """A call that begins: AUDIT_ARCH_… of linux/audit.h, its number, its arguments."""

    arch: int
    number: int
    arguments: tuple[int, ...]


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, tid: int, address: int, data: int) -> int:
    if _libc.ptrace(request, tid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return 0


def trace_me() -> None:
    """Let the parent trace this process, and stop until it does."""
    _ptrace(_TRACEME, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)


def set_options(tid: int) -> None:
    """Follow what a stopped process starts."""
    _ptrace(_SETOPTIONS, tid, 0, _OPTIONS)


def go_on(tid: int, signal_number: int) -> None:
    """Let a thread run to its next call's beginning or end; ignore one that was killed."""
    with contextlib.suppress(ProcessLookupError):
        _ptrace(_SYSCALL, tid, 0, signal_number)


def wait() -> tuple[int, int] | None:
    """Return the next thread that stops or ends, and its status; None when none is left."""
    try:
        return os.waitpid(-1, _WALL)
    except ChildProcessError:
        return None


def message(tid: int) -> int:
    """Return an event's number: of the new thread, or after execve the thread's former one."""
    value = ctypes.c_ulong()
    _ptrace(_GETEVENTMSG, tid, 0, ctypes.addressof(value))
    return value.value


def call(tid: int) -> Entered | int | None:
    """Return the call that begins, or the value of the one that ends; None for neither.

    Raises
    ------
    OSError
        EIO where the kernel is older than Linux 5.3.
    """
    info = _Info()
    _ptrace(_GET_SYSCALL_INFO, tid, ctypes.sizeof(info), ctypes.addressof(info))
    if info.op == 1:
        return Entered(info.arch, info.words[0], tuple(info.words[1:7]))
    if info.op == 2:
        return ctypes.c_int64(info.words[0]).value
    return None


def text(tid: int, address: int) -> str | None:
    """Return the string at an address of a stopped thread; None where there is none."""
    if not address:
        return None
    found = b""
    with open(f"/proc/{tid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123  (not a path)
        while b"\0" not in found:
            # To the end of its page: the next one may not be there.
            length = 4096 - address % 4096
            try:
                memory.seek(address)
                more = memory.read(length)
            except (OSError, OverflowError):
                return None
            if not more or len(found) > 1 << 16:
                return None
            found, address = found + more, address + len(more)
    return os.fsdecode(found.partition(b"\0")[0])
