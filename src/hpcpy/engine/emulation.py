"""Programs of another architecture run on this machine, which stays as it was.

The kernel starts them by QEMU, as its ``binfmt_misc`` says.  That is one of a user
namespace of this process and of those that it starts: the machine's own is not touched.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import disk_errors, scratch_dir
from hpcpy.core.programs import captured
from hpcpy.fetch.debian import fetch_debs
from hpcpy.fetch.one import take
from hpcpy.pins.arch import host_arch

# Without `max`, QEMU's default: with it numpy's SVD has failed once.
CPU = "neoverse-v1"
_SET = "emulator"
_BINFMT = "/proc/sys/fs/binfmt_misc"
# A program of aarch64: ELF of 64 bits, little-endian, EXEC or DYN, machine 183.
_MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
_NEW_NAMESPACES = 0x10000000 | 0x00020000  # CLONE_NEWUSER, CLONE_NEWNS
_ON_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG
_PRIVATE = 0x4000 | 0x40000  # MS_REC, MS_PRIVATE
_OLDEST_KERNEL = "6.7"


def provide() -> Path:
    """Return the pinned QEMU for aarch64, a static program below ``build/tools``."""
    deb = fetch_debs(_SET, host_arch()).paths["qemu-user"]
    # The folder of a download has the name of its hash.
    program = paths.TOOLS / "qemu" / deb.parent.name / "usr/bin/qemu-aarch64"
    if not program.exists():
        with disk_errors(paths.TOOLS), scratch_dir(paths.TOOLS, ".qemu") as scratch:
            own = take(deb, scratch / deb.name)
            done = captured(["dpkg-deb", "--extract", own, scratch / "made"])
            if done.returncode:
                raise UnavailableError(f"{deb}: {done.stderr.strip()}")
            program.parents[2].parent.mkdir(exist_ok=True)
            (scratch / "made").rename(program.parents[2])
    return program


def enter() -> None:
    """Go on in a child process that can start programs of aarch64, and so can its children.

    Only the child returns from here.
    """
    if os.geteuid() != 0:
        raise UnavailableError("only root builds for another architecture", hint="use sudo")
    program = provide()
    sys.stdout.flush()
    to_parent, to_child = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.close(to_parent[1])
        os._exit(_wait(child, to_parent[0], to_child[1]))
    os.close(to_child[1])
    _check(_libc().unshare(_NEW_NAMESPACES), "user and mount namespaces")
    os.write(to_parent[1], b"x")
    if not os.read(to_child[0], 1):
        raise UnavailableError("the user namespace got no users")
    # Where the parent is killed, the child ends as after SIGTERM.
    _check(_libc().prctl(_ON_PARENTS_DEATH, signal.SIGTERM), "a signal at its parent's death")
    for end in (*to_parent[1:], *to_child[:1]):
        os.close(end)
    _mount(b"none", b"/", b"", _PRIVATE)
    _mount(b"binfmt_misc", _BINFMT.encode(), b"binfmt_misc", 0)
    # P: the program's own first argument; F: opened now, so that it is there in a container.
    rule = b":".join((b"", b"qemu-aarch64", b"M", b"", _MAGIC, _MASK, bytes(program), b"PF"))
    Path(_BINFMT, "register").write_bytes(rule)
    os.environ["QEMU_CPU"] = CPU


def is_inside() -> bool:
    """Tell whether this process has come back from `enter`."""
    return os.environ.get("QEMU_CPU") == CPU and Path(_BINFMT, "qemu-aarch64").exists()


def _wait(child: int, from_child: int, to_child: int) -> int:
    """Give a child this process's users, in its new namespace; return its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child gets it, too
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda number, _: os.kill(child, number))
    if os.read(from_child, 1):
        for name in ("uid_map", "gid_map"):
            lines = Path("/proc/self", name).read_text().splitlines()
            rows = [line.split() for line in lines]
            own = "".join(f"{inside} {inside} {count}\n" for inside, _, count in rows)
            Path(f"/proc/{child}", name).write_text(own)
        os.write(to_child, b"x")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(source: bytes, target: bytes, kind: bytes, flags: int) -> None:
    done = _libc().mount(source, target, kind, ctypes.c_ulong(flags), None)
    _check(done, f"a mount of {kind.decode() or 'its own'}")


def _check(done: int, what: str) -> None:
    if done != 0:
        why = os.strerror(ctypes.get_errno())
        raise UnavailableError(
            f"this machine cannot run programs of another architecture: {what}: {why}",
            hint=f"it takes Linux {_OLDEST_KERNEL} or later, and root outside of a container",
        )


if __name__ == "__main__":
    enter()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
