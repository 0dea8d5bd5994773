"""``python -m workloads.startup.tracer [--calls] PROGRAM [ARGUMENT …]``: its calls as JSON.

It is a process of its own, as it waits for every child it has, and forks, which a
process with threads must not.  Calls count (counts.py) from the program's own execve
on, with those of all that it starts.
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
    def __init__(self, pid: int, program: str) -> None:
        machine = os.uname().machine
        self._arch = MACHINES[machine][1]
        self._rules = rules(machine)
        self._pid = pid
        self._program = program
        # Each thread and the call that it is in.
        self._threads: dict[int, Pending | None] = {pid: None}
        # The processes and threads whose calls count, the program's first.
        self._counted: dict[int, None] = {}
        self.counts = Counts()
        self._before: int | None = None
        self.code = -1

    @property
    def started(self) -> bool:
        """Whether the program's execve has been seen."""
        return bool(self._counted)

    def follow(self) -> None:
        """Run the program to the end of all that it starts."""
        ptrace.go_on(self._pid, 0)
        # Until none is left: the end of a thread that another one's execve has
        # ended is never reported.
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
        """Handle a thread's stop; return the signal to pass on to it, or 0."""
        number, event = os.WSTOPSIG(status), status >> 16
        new = tid not in self._threads
        if new:
            self._threads[tid] = None
            # Its first stop may come before the event of the thread that has made it.
            if self._counted and _maker(tid) in self._counted:
                self._counted[tid] = None
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
            if tid in self._counted:
                self.counts.calls += 1
            elif self.started or (rule and rule.kind != "execve"):
                rule = None
            self._threads[tid] = Pending.at(tid, rule, found.arguments) if rule else None
        elif found is not None:
            pending, self._threads[tid] = self._threads[tid], None
            if tid in self._counted and pending is not None:
                self.counts.add(pending, found)

    def _event(self, tid: int, event: int) -> None:
        if event in (ptrace.FORK, ptrace.VFORK, ptrace.CLONE):
            if tid in self._counted:
                child = ptrace.message(tid)
                self._counted[child] = None
                self.counts.add_child(thread=_status(child)["Tgid"] == _status(tid)["Tgid"])
        elif event == ptrace.EXEC:
            self._executed(tid)
        elif event == ptrace.EXIT and tid == next(iter(self._counted), None):
            after = bytes_by_kernel(tid)
            if after is not None and self._before is not None:
                self.counts.accounted = after - self._before

    def _executed(self, tid: int) -> None:
        # A thread other than the first gets the first's number by its execve.
        former = ptrace.message(tid)
        if former != tid:
            self._threads[tid] = self._threads.pop(former, None)
        if self.started:
            return
        pending = self._threads[tid]
        if not self._program or (pending is not None and pending.path == self._program):
            self._counted[tid] = None
            self.counts.calls = 1
            self._before = bytes_by_kernel(tid)


def _status(tid: int) -> dict[str, int]:
    """Return the numbers of a thread's process and of that one's parent."""
    with open(f"/proc/{tid}/status", encoding="utf-8") as file:  # noqa: PTH123
        fields = (line.split() for line in file if line.startswith(("Tgid:", "PPid:")))
        return {name[:-1]: int(number) for name, number in fields}


def _maker(tid: int) -> int:
    found = _status(tid)
    return found["Tgid"] if found["Tgid"] != tid else found["PPid"]


def bytes_by_kernel(tid: int) -> int | None:
    """Return how many bytes a process has read, None where the kernel keeps no account."""
    try:
        with open(f"/proc/{tid}/io", encoding="utf-8") as file:  # noqa: PTH123
            return int(next(file).split()[1])
    except OSError:
        return None


def trace(argv: Sequence[str], program: str = "", *, calls: bool = False) -> dict[str, object]:
    """Run a command and return the counts of a program that it starts, or an ``error``.

    Parameters
    ----------
    argv
        The command.
    program
        The path that the program's execve names; if empty, the command itself counts.
    calls
        Whether to return ``paths`` and ``listings``, too, call by call.
    """
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
        tracer = _Tracer(pid, program)
        tracer.follow()
    except OSError as error:
        os.kill(pid, signal.SIGKILL)
        return {"error": f"ptrace does not do it here, which needs Linux 5.3 ({error.strerror})"}
    if not tracer.started:
        if program:
            return {"error": f"{program} was never started", "code": tracer.code}
        return {"error": f"{argv[0]} cannot be started ({os.strerror(tracer.code)})"}
    counts = tracer.counts
    each = {"paths": counts.paths, "listings": counts.listings} if calls else {}
    return {"code": tracer.code, **counts.summary(), **each}


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
    # Ctrl-C comes to the whole group: the parent reports it, this process just ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    each = sys.argv[1:2] == ["--calls"]
    print(json.dumps(trace(sys.argv[1 + each :], calls=each)))
