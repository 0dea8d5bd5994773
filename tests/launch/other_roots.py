"""Roots of other systems, entered by an ordinary user: like RHEL's, and of busybox alone."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from injection_ways import forbidden
from standalone_host import make_root

from hpcpy.cluster.layout import COMMANDS
from hpcpy.pins.model import ARCHITECTURES, host_arch
from running import executable, run

SUITE = "bullseye"
# What any login node has.  What Debian's packages bring along for themselves is taken away.
_PACKAGES = (
    *("bash", "coreutils", "findutils", "gawk", "grep", "gzip", "hostname"),
    *("libc-bin", "libstdc++6", "procps", "sed", "tar", "util-linux", "vim-tiny", "zlib1g"),
)
_TAKEN = ("apt", "dpkg", "perl", "python")
_LINKS = {"usr/bin/sh": "bash", "usr/bin/awk": "gawk", "usr/bin/vi": "vim.tiny"}
# What other distributions lack goes, with this machine's tools and the programs of the first
# word's patterns; the others are the command.
HIDES = """
more=$1
shift
for folder in /etc/apt /etc/dpkg /usr/lib/apt /usr/lib/dpkg /usr/share/keyrings \
    /var/cache/apt /var/lib/apt /var/lib/dpkg; do
    [ ! -d "$folder" ] || mount -t tmpfs -o ro tmpfs "$folder"
done
for program in /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg* /usr/sbin/update-rc.d \
    /usr/bin/apptainer /usr/bin/singularity /usr/bin/mksquashfs /usr/bin/unsquashfs $more; do
    [ ! -e "$program" ] || mount --bind /dev/null "$program"
done
exec "$@"
"""
_ENTERS = """
root=$1 mask=$(umask)
shift
umask 022
mount --bind "$root" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/sys" "$root/mnt"
for name in proc dev sys; do mount --rbind "/$name" "$root/$name"; done
mount -t tmpfs -o mode=755 tmpfs "$root/mnt"
mknod "$root/mnt/fuse" c 10 229
chmod 666 "$root/mnt/fuse"
mount --bind "$root/mnt/fuse" "$root/dev/fuse"
while [ "$1" ]; do
    mkdir -p "$root$2"
    mount --rbind "$1" "$root$2"
    shift 2
done
shift
umask "$mask"
exec "$@"
"""
# In a changed root (chroot) the kernel gives an ordinary user no namespace.  No program of the
# old root starts once it has gone, so one that runs already does the rest.
_BECOMES = """
import ctypes, os, platform, sys, warnings  # execvp needs the last
root, user, *command = sys.argv[1:]
libc, here = ctypes.CDLL(None, use_errno=True), os.getcwd()
pivot_root, detach = {"x86_64": 155, "aarch64": 41}[platform.machine()], 2
os.chdir(root)
if libc.syscall(pivot_root, b".", b".") or libc.umount2(b".", detach):
    raise OSError(ctypes.get_errno(), "pivot_root")
os.chdir(here if os.path.isdir(here) else "/")
os.setgroups([])
os.setgid(int(user))
os.setuid(int(user))
os.execvp(command[0], command)
"""


def entered(root: Path, user: int, binds: Mapping[Path, str]) -> tuple[str, ...]:
    """Return what starts a program in a root, which sees some folders of this one."""
    seen = [str(word) for pair in binds.items() for word in pair]
    last = (sys.executable, "-Ic", _BECOMES, str(root), str(user))
    # A process stays outside of Apptainer's namespace, as on a machine: with the last one the
    # mounts' places would be lost, and with them the path of Apptainer's own program.
    unshare = ("unshare", "--mount", "--fork")
    return (*unshare, "sh", "-euc", _ENTERS, "sh", str(root), *seen, "", *last)


def require() -> None:
    """Skip the test where nobody can enter a root."""
    if os.geteuid() != 0:
        pytest.skip("enters another root: as root")
    if why := forbidden("user namespaces"):
        pytest.skip(why)


def busybox(folder: Path) -> Path:
    """Make a root with neither glibc nor a package manager, as Alpine's is without musl."""
    root = make_root(folder, SUITE, ("busybox-static",), variant="extract")
    (root / "bin/sh").symlink_to("busybox")
    return _with_users(root)


def _with_users(root: Path) -> Path:
    """Write what any system has once it is installed."""
    users = {"root": 0, "daemon": 1, "nobody": 65534}
    for name, line in (("passwd", "{0}:x:{1}:{1}::/tmp:/bin/sh\n"), ("group", "{0}:x:{1}:\n")):
        text = "".join(line.format(*user) for user in users.items())
        (root / "etc" / name).write_text(text)
    (root / "etc/localtime").touch()
    for name in ("tmp", "var/tmp"):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(0o1777)
    return root


def rhel_like(folder: Path) -> Path:
    """Make a root of glibc 2.31 that is laid out as RHEL's: libraries in /usr/lib64, sh is bash.

    It has no python, perl, apt and dpkg.
    """
    root, arch = make_root(folder, SUITE, _PACKAGES, variant="extract"), ARCHITECTURES[host_arch()]
    libraries, loader = root / arch.libraries, root / arch.loader
    for path in (*root.glob("etc/*"), *root.glob("*bin/*"), *root.glob("usr/*bin/*")):
        if path.name.startswith(_TAKEN):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("bin", "sbin", "lib", "lib64"):
        run("cp", "-a", f"{root / name}/.", root / "usr" / name, check=True)
        shutil.rmtree(root / name)
        (root / name).symlink_to(f"usr/{name}")
    run("cp", "-a", f"{libraries}/.", root / "usr/lib64", check=True)
    shutil.rmtree(libraries)
    # The one file names its libraries by $LIB, which for Debian's loader is this, for RHEL's lib64.
    libraries.symlink_to("../lib64")
    own = loader.readlink().name
    loader.unlink()
    loader.symlink_to(own)
    (root / "etc/ld.so.conf").write_text("/usr/lib64\n")
    run("ldconfig", "-r", root, check=True)
    for link, target in _LINKS.items():
        (root / link).symlink_to(target)
    (root / "usr/lib/os-release").write_text('ID="rhel"\nVERSION_ID="8"\nID_LIKE="fedora"\n')
    (root / "etc/os-release").unlink(missing_ok=True)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    return _with_users(root)


def install_slurm(root: Path) -> dict[Path, str]:
    """Install this machine's commands of Slurm, by their own C library; return what they see."""
    arch, aside = ARCHITECTURES[host_arch()], "/opt/slurm"
    libraries = Path("/", arch.libraries)
    shutil.copy(Path("/", arch.loader), executable(root / aside[1:] / "loader", ""))
    for name in COMMANDS:
        program = shutil.which(name, path="/usr/bin:/usr/local/bin")
        assert program, name
        shutil.copy2(program, executable(root / aside[1:] / name, ""))
        own = f"{aside}/loader --library-path {aside}/lib:{aside}/lib/slurm-wlm {aside}/{name}"
        executable(root / program[1:], f'#!/bin/sh\nexec {own} "$@"\n')
    by_path = (libraries / name for name in ("slurm-wlm", "pmix2"))
    return {libraries: f"{aside}/lib", **{path: str(path) for path in by_path if path.is_dir()}}
