"""``python -m workloads.startup.tracer PROGRAM [ARGUMENT …]``: its calls as JSON.

A process of its own: it waits for every child it has, and it forks, which a
process with threads must not.  What counts is defined in
`hpcpy.measure.counts`: from the program's own execve on, with all that it
starts.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence

from workloads.startup import ptrace
from workloads.startup.counts import Counts, Pending
from workloads.startup.environment import initial
from workloads.startup.syscalls import MACHINES, rules


class _Tracer:
    def __init__(self, pid: int) -> None:
        machine = os.uname().machine
        self._arch = MACHINES[machine][1]
        self._rules = rules(machine)
        self._pid = pid
        # Each thread and the call that it is in.
        self._threads: dict[int, Pending | None] = {pid: None}
        self.counts = Counts()
        self.started = False
        self._before: int | None = None
        self.code = -1

    def follow(self) -> None:
        """Run the program to the end of all that it starts."""
        ptrace.go_on(self._pid, 0)
        # Until there is none: a thread that another one's execve has ended is
        # never told of.
        while (stop := ptrace.wait()) is not None:
            tid, status = stop
            if not os.WIFSTOPPED(status):
                self._threads.pop(tid, None)
                if tid == self._pid:
                    self.code = os.waitstatus_to_exitcode(status)
                continue
            try:
                signal_number = self._stopped(tid, status)
            except (ProcessLookupError, FileNotFoundError):
                # Killed since, by another thread's exit: its end comes next.
                signal_number = 0
            ptrace.go_on(tid, signal_number)

    def _stopped(self, tid: int, status: int) -> int:
        """Look at a thread; return the signal that it is to be given."""
        number, event = os.WSTOPSIG(status), status >> 16
        new = tid not in self._threads
        self._threads.setdefault(tid, None)
        if number == ptrace.CALL_STOP:
            self._call(tid)
        elif event:
            self._event(tid, event)
        elif not (new and number == signal.SIGSTOP):
            return number
        return 0

    def _call(self, tid: int) -> None:
        found = ptrace.call(tid)
        if isinstance(found, ptrace.Entered):
            rule = self._rules.get(found.number) if found.arch == self._arch else None
            self.counts.calls += 1
            self._threads[tid] = Pending.at(tid, rule, found.arguments) if rule else None
        elif found is not None:
            pending, self._threads[tid] = self._threads[tid], None
            if self.started and pending is not None:
                self.counts.add(pending, found)

    def _event(self, tid: int, event: int) -> None:
        if event in (ptrace.FORK, ptrace.VFORK, ptrace.CLONE):
            if self.started:
                self.counts.add_child(thread=_leader(ptrace.message(tid)) == _leader(tid))
        elif event == ptrace.EXEC:
            self._executed(tid)
        elif event == ptrace.EXIT and tid == self._pid:
            after = bytes_by_kernel(tid)
            if after is not None and self._before is not None:
                self.counts.accounted = after - self._before

    def _executed(self, tid: int) -> None:
        # An execve of another thread than the first takes the first's number.
        former = ptrace.message(tid)
        if former != tid:
            self._threads[tid] = self._threads.pop(former, None)
        if not self.started:
            # What this Python did between fork and execve is not the program's.
            self.started = True
            self.counts = Counts(calls=1)
            self._before = bytes_by_kernel(tid)


def _leader(tid: int) -> int:
    """Return the process that a thread belongs to."""
    with open(f"/proc/{tid}/status", encoding="utf-8") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))


def bytes_by_kernel(tid: int) -> int | None:
    """Return how many bytes a process has read, None where the kernel does not tell."""
    try:
        with open(f"/proc/{tid}/io", encoding="utf-8") as file:  # noqa: PTH123
            return int(next(file).split()[1])
    except OSError:
        return None


def trace(argv: Sequence[str]) -> dict[str, object]:
    """Run a program and return its counts, or an ``error``."""
    pid = os.fork()
    if not pid:
        _become(argv)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return {"error": f"the kernel ends what asks for ptrace (signal {os.WTERMSIG(status)})"}
    if not os.WIFSTOPPED(status):
        return {"error": f"the kernel refuses ptrace ({os.strerror(os.WEXITSTATUS(status))})"}
    try:
        ptrace.set_options(pid)
        tracer = _Tracer(pid)
        tracer.follow()
    except OSError as error:
        os.kill(pid, signal.SIGKILL)
        return {"error": f"ptrace does not do it here, which needs Linux 5.3 ({error.strerror})"}
    if not tracer.started:
        return {"error": f"{argv[0]} cannot be started ({os.strerror(tracer.code)})"}
    return {"code": tracer.code, **tracer.counts.summary()}


def _become(argv: Sequence[str]) -> None:
    try:
        ptrace.trace_me()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.execve(argv[0], [*argv], initial())  # noqa: S606
    except OSError as error:
        os._exit(error.errno or 1)


if __name__ == "__main__":
    # Ctrl-C comes to all of the group: who waits for this process ends it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print(json.dumps(trace(sys.argv[1:])))
