"""Programs of another architecture, which the kernel starts by QEMU for one command alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import disk_errors, scratch_dir
from hpcpy.fetch.artifacts import take
from hpcpy.fetch.deb import unpack
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.model import host_arch
from hpcpy_common.errors import UnavailableError

# Without `max`, QEMU's default: with it numpy's SVD has failed once.
CPU = "neoverse-v1"
_SET = "emulator"
_BINFMT = "/proc/sys/fs/binfmt_misc"
# A program of aarch64: ELF of 64 bits, little-endian, EXEC or DYN, machine 183.
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
_FAIL = """fail() {
    echo "hpcpy: this machine cannot run programs of another architecture:" \
        "that takes Linux 6.7 or later, and root outside of a container" >&2
    exit 69
}
"""
# A namespace's users, here all of this machine's own, are set by a process outside of it.
_ENTER = f"""{_FAIL}
unshare --user --mount true 2>/dev/null || fail
me=$$ outside=$(readlink /proc/self/ns/user)
({{
    while [ "$(readlink /proc/$me/ns/user)" = "$outside" ]; do sleep 0.02; done
    for map in uid_map gid_map; do
        awk '{{ print $1, $1, $3 }}' /proc/self/$map >/proc/$me/$map || kill $me
    done
}} >/dev/null 2>&1 &)
exec unshare --user --mount --propagation private -- "$@"
"""
_INSIDE = f"""{_FAIL}
until grep -q . /proc/self/gid_map; do sleep 0.02; done
mount -t binfmt_misc binfmt_misc {_BINFMT} 2>/dev/null || fail
# It is written by a program: this shell was started without users, and has no capabilities.
printf %s "$0" | tee {_BINFMT}/register >/dev/null || fail
exec "$@"
"""


def provide() -> Path:
    """Return the pinned QEMU for aarch64, a static program below ``build/tools``."""
    deb = fetch_debs(_SET, host_arch())["qemu-user"]
    # The folder of a download has the name of its hash.
    program = paths.TOOLS / "qemu" / deb.parent.name / "usr/bin/qemu-aarch64"
    if not program.exists():
        with disk_errors(paths.TOOLS), scratch_dir(paths.TOOLS, ".qemu") as scratch:
            unpack(take(deb, scratch / deb.name), scratch / "made")
            program.parents[2].parent.mkdir(exist_ok=True)
            (scratch / "made").rename(program.parents[2])
    return program


def emulated(command: Sequence[str | Path]) -> list[str]:
    """Return a command that runs another one which can start programs of aarch64."""
    if os.geteuid() != 0:
        raise UnavailableError("only root builds for another architecture", hint="use sudo")
    # P: the program's own first argument; F: opened now, so that it is there in a container.
    rule = f":qemu-aarch64:M::{_MAGIC}:{_MASK}:{provide()}:PF"
    inside = ["sh", "-c", _INSIDE, rule, "env", f"QEMU_CPU={CPU}", *map(str, command)]
    return ["sh", "-c", _ENTER, "sh", *inside]


def is_inside() -> bool:
    """Tell whether this process was started by a command of `emulated`."""
    return os.environ.get("QEMU_CPU") == CPU and Path(_BINFMT, "qemu-aarch64").exists()


if __name__ == "__main__":
    words = emulated(sys.argv[1:])
    os.execvp(words[0], words)  # noqa: S606
