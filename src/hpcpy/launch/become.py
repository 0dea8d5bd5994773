"""Become a launch's script; a filter of its stderr prints at the end why it has failed."""

from __future__ import annotations

import os
import re
import select
import signal
from collections.abc import Mapping
from typing import NoReturn

from hpcpy.launch.explain import explain

# Bytes of stderr's end that are kept to explain a failure.
_TAIL = 64 << 10
_OF_SLURM = re.compile(rb"(?m)^(?:srun|salloc|slurmstepd)")
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Python ignores them, and what it becomes would inherit that.
_PYTHONS_OWN = (signal.SIGPIPE, signal.SIGXFSZ)


def become(script: str, environment: Mapping[str, str]) -> NoReturn:
    """Become a bash script, in the same process group, with the same standard output."""
    # A file without a name: a word may have 128 KiB, less than a list of many files.
    file = os.memfd_create("hpcpy", 0)
    with os.fdopen(file, "wb", closefd=False) as stream:
        stream.write(os.fsencode(script))
    for number in (*_STOPS, *_PYTHONS_OWN):
        # What nohup, or the `&` of a script, has it ignore stays ignored.
        if number in _PYTHONS_OWN or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    _filter_stderr()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # With -p bash takes no SHELLOPTS.
    os.execvpe("bash", ["bash", "-p", f"/dev/fd/{file}"], environment)  # noqa: S606


def _filter_stderr() -> None:
    """Have what this process and its children write to stderr pass a filter."""
    source, sink = os.pipe()
    # Of two forks the filter is a child of init, and nothing that bash or Slurm waits for.
    if child := os.fork():
        os.waitpid(child, 0)
        os.dup2(sink, 2)
        return
    try:
        if os.fork() == 0:
            _pass_on(source)
    finally:
        os._exit(0)


def _pass_on(source: int) -> None:
    """Copy to stderr until its writers have ended; then print the reason of a failure."""
    # The script gets those of a terminal, too, and what it then says is to be read.
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    # No descriptor of the caller's is open longer than the script has it.
    os.dup2(source, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.closerange(3, 1024)
    tail = bytearray()
    line = ""
    is_explained = True
    while piece := os.read(0, _TAIL):
        _write(piece)
        tail += piece
        del tail[:-_TAIL]
        # Slurm's own lines may be the last: a shell's prompt comes a moment after these.
        if is_explained := bool(_OF_SLURM.search(piece)):
            line = explain(tail.decode(errors="replace"))
    if not is_explained:
        line = explain(tail.decode(errors="replace"))
    if line:
        _write(f"hpcpy launch: {line}\n".encode())


def _write(data: bytes) -> None:
    while data:
        try:
            data = data[os.write(2, data) :]
        except BlockingIOError:
            select.select((), (2,), ())
        except OSError:  # who reads it has left: the job goes on
            return
