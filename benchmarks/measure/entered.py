"""Write the functions that a program enters: ``python entered.py ADDRESSES FILE PROGRAM…``.

It runs inside an image, by the image's Python.  ADDRESSES has a line for each function of
the program, hexadecimal; FILE gets those that were entered, in the order of their first
entries.  A breakpoint lies on each until it is hit.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

_TRACE_ME, _CONTINUE, _GET_REGISTERS, _SET_REGISTERS = 0, 7, 12, 13
# `struct user_regs_struct` of x86-64: 27 words; the instruction pointer is behind the
# breakpoint when that was hit.
_REGISTERS, _POINTER = ctypes.c_ulong * 27, 16
_BREAKPOINT = b"\xcc"  # int3

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _trace(request: int, process: int, data: object = None) -> None:
    if _libc.ptrace(request, process, None, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)} (kernel.yama.ptrace_scope: 0, 1)")


def entered(addresses: Iterable[int], command: list[str]) -> list[int]:
    """Run a program, and return which of the addresses it comes to, each once."""
    process = os.fork()
    if process == 0:
        os.environ.pop("LC_CTYPE", None)  # this Python has set it, for the locale C
        _trace(_TRACE_ME, 0)
        os.execv(command[0], command)  # noqa: S606
    os.waitpid(process, 0)  # it has become the program
    memory = os.open(f"/proc/{process}/mem", os.O_RDWR | os.O_CLOEXEC)
    waiting = {address: os.pread(memory, 1, address) for address in addresses}
    for address in waiting:
        os.pwrite(memory, _BREAKPOINT, address)
    hit: list[int] = []
    registers = _REGISTERS()
    given = 0
    while True:
        _trace(_CONTINUE, process, given)
        _, status = os.waitpid(process, 0)
        if not os.WIFSTOPPED(status):
            break
        given = os.WSTOPSIG(status)
        _trace(_GET_REGISTERS, process, ctypes.byref(registers))
        address = registers[_POINTER] - 1
        if given == signal.SIGTRAP and address in waiting:
            os.pwrite(memory, waiting.pop(address), address)
            registers[_POINTER] = address
            _trace(_SET_REGISTERS, process, ctypes.byref(registers))
            hit.append(address)
            given = 0
    os.close(memory)
    if status:
        raise SystemExit(f"{command}: ended with status {status}")
    return hit


def main(addresses: str, file: str, *command: str) -> None:
    """Write the file."""
    wanted = [int(line, 16) for line in Path(addresses).read_text().splitlines()]
    hit = entered(wanted, list(command))
    Path(file).write_text("".join(f"{address:x}\n" for address in hit))


if __name__ == "__main__":
    main(*sys.argv[1:])
