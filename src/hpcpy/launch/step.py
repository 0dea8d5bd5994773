"""Run a launch's script, pass stderr on, and print at the end why the script has failed."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn

from hpcpy.launch.explain import explain

# Bytes of stderr's end that are kept to explain a failure.
_TAIL = 64 << 10
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Python ignores them, and what it starts would inherit that.
_PYTHONS_OWN = (signal.SIGPIPE, signal.SIGXFSZ)
_PR_SET_PDEATHSIG = 1
_FROM_TERMINAL = 0x80  # si_code: SI_KERNEL


def run(script: str, environment: Mapping[str, str]) -> int:
    """Run a bash script with the same standard output; return its code, or 128 and its signal's.

    A signal that stops this process stops the script in the same way: one of the terminal stops
    all of its processes, another one the first alone. One that this process ignores, under nohup
    or in the background of a script, does not reach the script.
    """
    # srun handles a signal also where it is ignored; so the script has a session of its own.
    stops = {number for number in _STOPS if signal.getsignal(number) != signal.SIG_IGN}
    source, sink = os.pipe()
    # Where a caller has it ignored, no end of a child is told.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Before the fork: what comes now is passed on, too.
    before = {*signal.pthread_sigmask(signal.SIG_BLOCK, {*stops, signal.SIGCHLD})}
    child = os.fork()
    if not child:
        _become(script, sink, before, environment)
    os.close(sink)
    # Who reads the output waits for the script alone.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    ended, end = os.pipe()
    threading.Thread(target=_pass_signals, args=(child, stops, end), daemon=True).start()
    tail = _pass_on(source, ended)
    os.read(ended, 1)  # a script may close its stderr long before its end
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if line := explain(tail.decode(errors="replace")):
        _write(f"hpcpy launch: {line}\n".encode())
    return code if code >= 0 else 128 - code


def _become(
    script: str, sink: int, mask: set[signal.Signals | int], environment: Mapping[str, str]
) -> NoReturn:
    """Become the script's bash, in the child."""
    try:
        os.setsid()
        # After a kill -9 of the launch the job ends, too.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        for number in (*_STOPS, *_PYTHONS_OWN):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(sink, 2)
        # A file without a name: a word may have 128 KiB, less than a list of many files.
        file = os.memfd_create("hpcpy", 0)
        with os.fdopen(file, "wb", closefd=False) as stream:
            stream.write(os.fsencode(script))
        # With -p bash takes no options of the user's (SHELLOPTS).
        os.execvpe("bash", ["bash", "-p", f"/dev/fd/{file}"], environment)  # noqa: S606
    except OSError as error:
        _write(f"hpcpy launch: bash: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _pass_signals(child: int, stops: set[signal.Signals], end: int) -> None:
    """Send the child what stops this process; close `end` when the child has ended."""
    # No pidfd: the kernel of RHEL 8 has none.
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        info = signal.sigwaitinfo({*stops, signal.SIGCHLD})
        if info.si_signo != signal.SIGCHLD:
            send = os.killpg if info.si_code == _FROM_TERMINAL else os.kill
            with suppress(ProcessLookupError):  # no group yet: the terminal's has reached it
                send(child, info.si_signo)
    os.close(end)


def _pass_on(source: int, ended: int) -> bytes:
    """Copy to stderr until the child has ended; return the end of what was copied."""
    tail = bytearray()
    # What it leaves running may hold the pipe open.
    while source in select.select((source, ended), (), ())[0]:
        if not (piece := os.read(source, _TAIL)):
            break
        _write(piece)
        tail += piece
        del tail[:-_TAIL]
    return bytes(tail)


def _write(data: bytes) -> None:
    while data:
        try:
            data = data[os.write(2, data) :]
        except BlockingIOError:
            select.select((), (2,), ())
        except OSError:  # who reads it has left: the job goes on
            return
