"""``python -m workloads.startup.tracer PROGRAM [ARGUMENT …]``: its system calls, as JSON.

By the kernel's ptrace, since no image has strace. It is a process of its own, as it waits for
every child that it has, and forks, which a process with threads must not.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import posixpath
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from workloads.startup.calls import CALLS, Call

# linux/ptrace.h
_TRACEME, _SYSCALL, _SETOPTIONS, _GETEVENTMSG, _GET_SYSCALL_INFO = 0, 24, 0x4200, 0x4201, 0x420E
_FORK, _VFORK, _CLONE, _EXEC = 1, 2, 3, 4
# Tell calls from signals, follow all that is started, kill all of it when the tracer ends.
_OPTIONS = 1 | 1 << _FORK | 1 << _VFORK | 1 << _CLONE | 1 << _EXEC | 1 << 20
_CALL_STOP = signal.SIGTRAP | 0x80
_ENTRY, _EXIT = 1, 2
# Wait for threads as well as processes.
_WALL = 0x40000000
_AT_FDCWD = -100
_EXECVE, _OPENAT = 59, 257


class _Info(ctypes.Structure):
    """``struct ptrace_syscall_info``: at an entry the words are number and arguments."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("machine", ctypes.c_uint32),
        ("pointers", ctypes.c_uint64 * 2),
        ("words", ctypes.c_uint64 * 8),
    )


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, tid: int = 0, address: int = 0, data: int = 0) -> None:
    if _libc.ptrace(request, tid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _go_on(tid: int, signal_number: int = 0) -> None:
    """Let a thread run to its next call's beginning or end; it may have been killed."""
    with contextlib.suppress(ProcessLookupError):
        _ptrace(_SYSCALL, tid, 0, signal_number)


def _text(tid: int, address: int) -> str:
    """Return the string at an address of a stopped thread; empty where there is none."""
    with Path(f"/proc/{tid}/mem").open("rb", buffering=0) as memory:
        try:
            return os.fsdecode(os.pread(memory.fileno(), 4096, address).partition(b"\0")[0])
        except (OSError, OverflowError):
            return ""


def _file(tid: int, descriptor: int) -> str:
    """Return the file behind a thread's descriptor, nothing for pipes and sockets."""
    number = ctypes.c_int32(descriptor).value
    try:
        name = "cwd" if number == _AT_FDCWD else f"fd/{number}"
        path = str(Path(f"/proc/{tid}/{name}").readlink())
        root = str(Path(f"/proc/{tid}/root").readlink())
    except OSError:
        return ""
    # The kernel gives both as seen from outside of a changed root.
    return path.removeprefix(root.rstrip("/")) or "/" if path.startswith("/") else ""


def _path(tid: int, number: int, arguments: Sequence[int]) -> str:
    """Return the absolute path of a call that begins, nothing where it is given none."""
    if CALLS[number][1] in ("read", "getdents"):
        return _file(tid, arguments[0])
    # From openat on, a folder's descriptor comes before the path.
    is_at = number >= _OPENAT
    # By the link: its target is text, which the kernel does not look for.
    position = is_at + (CALLS[number][0] in ("symlink", "symlinkat"))
    named = _text(tid, arguments[position])
    if not named or named.startswith("/"):
        return named
    folder = _file(tid, arguments[position - 1] if is_at else _AT_FDCWD)
    return posixpath.join(folder or "/", named)


def _maker(tid: int) -> int:
    """Return the process that a thread belongs to, or of a process's first one the parent."""
    lines = Path(f"/proc/{tid}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines)
    return int(fields["Tgid"]) if int(fields["Tgid"]) != tid else int(fields["PPid"])


class _Tracer:
    """Follows a stopped process and all that it starts, from one program's execve on."""

    def __init__(self, pid: int, program: str) -> None:
        self._pid, self._program = pid, program
        # Each thread, and the call that it is in: its number and its path.
        self._inside: dict[int, tuple[int, str] | None] = {pid: None}
        # The threads whose calls count.
        self.counted: set[int] = set()
        self.calls: list[Call] = []
        self.totals = {"calls": 0, "processes": 0, "threads": 0}
        self.code = -1

    def follow(self) -> None:
        """Run the program to the end of all that it starts."""
        _go_on(self._pid)
        # Until none is left: a thread that another one's execve ends is not reported.
        with contextlib.suppress(ChildProcessError):
            while True:
                tid, status = os.waitpid(-1, _WALL)
                if os.WIFSTOPPED(status):
                    self._stopped(tid, os.WSTOPSIG(status), status >> 16)
                    continue
                self._inside.pop(tid, None)
                if tid == self._pid:
                    self.code = os.waitstatus_to_exitcode(status)

    def _stopped(self, tid: int, number: int, event: int) -> None:
        is_new = tid not in self._inside
        # Killed meanwhile, by another thread's exit: its end comes next.
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            if is_new:
                self._inside[tid] = None
                # Its first stop may come before the event of the thread that has made it.
                if _maker(tid) in self.counted:
                    self.counted.add(tid)
            elif number == _CALL_STOP:
                self._call(tid)
            elif event:
                self._event(tid, event)
        _go_on(tid, 0 if is_new or event or number == _CALL_STOP else number)

    def _call(self, tid: int) -> None:
        info = _Info()
        _ptrace(_GET_SYSCALL_INFO, tid, ctypes.sizeof(info), ctypes.addressof(info))
        if info.op == _ENTRY:
            number, *arguments = info.words[:7]
            is_counted = tid in self.counted
            self.totals["calls"] += is_counted
            is_known = number in CALLS and (is_counted or number == _EXECVE)
            self._inside[tid] = (number, _path(tid, number, arguments)) if is_known else None
        elif info.op == _EXIT and (call := self._inside[tid]):
            self._inside[tid] = None
            name, kind = CALLS[call[0]]
            if tid in self.counted and (call[1] or kind in ("read", "getdents")):
                value = ctypes.c_int64(info.words[0]).value
                self.calls.append(Call(name, kind, call[1], value))

    def _event(self, tid: int, event: int) -> None:
        message = ctypes.c_ulong()
        _ptrace(_GETEVENTMSG, tid, 0, ctypes.addressof(message))
        other = message.value
        if event == _EXEC:
            # A thread other than its process's first gets the first's number.
            call = self._inside[tid] = self._inside.pop(other, None)
            if not self.counted and (not self._program or (call and call[1] == self._program)):
                self.counted.add(tid)
                self.totals["calls"] = 1
        elif tid in self.counted:
            self.counted.add(other)
            self.totals["threads" if event == _CLONE else "processes"] += 1


@functools.cache
def initial_environment() -> dict[bytes, bytes]:
    """Return the variables of this process without those that its own start has added."""
    # Cache folders, for example: with these its children would make fewer calls than it did.
    text = Path("/proc/self/environ").read_bytes()
    return dict(pair.split(b"=", 1) for pair in text.split(b"\0") if b"=" in pair)


def trace(argv: Sequence[str], program: str = "") -> dict[str, object]:
    """Run a command and return its calls, or an ``error``.

    With the path of a `program` these are the calls of this one, once the command executes it.
    """
    pid = os.fork()
    if not pid:
        _become(argv)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        code = os.waitstatus_to_exitcode(status)
        why = os.strerror(code) if code > 0 else f"signal {-code}"
        return {"error": f"the kernel refuses ptrace ({why})"}
    try:
        _ptrace(_SETOPTIONS, pid, 0, _OPTIONS)
        tracer = _Tracer(pid, program)
        tracer.follow()
    except OSError as error:
        os.kill(pid, signal.SIGKILL)
        return {"error": f"ptrace does not do it here, which needs Linux 5.3 ({error.strerror})"}
    if not tracer.counted and program:
        return {"error": f"{program} was never started", "code": tracer.code}
    if not tracer.counted:
        return {"error": f"{argv[0]} cannot be started ({os.strerror(tracer.code)})"}
    return {"code": tracer.code, **tracer.totals, "each": tracer.calls}


def _become(argv: Sequence[str]) -> None:
    try:
        _ptrace(_TRACEME)
        os.kill(os.getpid(), signal.SIGSTOP)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.execve(argv[0], [*argv], initial_environment())  # noqa: S606
    except OSError as error:
        os._exit(error.errno or 1)


if __name__ == "__main__":
    # Ctrl-C comes to the whole group: the parent reports it, this process just ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print(json.dumps(trace(sys.argv[1:])))
