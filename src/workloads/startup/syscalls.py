"""The system calls that count, by number, and where each has its path.

A call that is not here is counted as one of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What one system call is.

    Parameters
    ----------
    name
        The kernel's.
    kind
        What it is counted as.
    folder, path
        Which argument is the descriptor that a relative path starts from,
        and which is the path.  A folder of -1: the working directory.  With a
        path of -1 it has none, and `folder` is the descriptor that it works on.
    """

    name: str
    kind: str
    folder: int = -1
    path: int = -1


PATH_KINDS = ("execve", "open", "stat", "access", "readlink", "other")
# A call of the kinds above that is given an open descriptor counts as `DESCRIPTOR`.
DESCRIPTOR = "descriptor"
KINDS = (*PATH_KINDS, "getdents", "getcwd", "read", "copy", DESCRIPTOR, "memory", "signal")

# name: kind, number on x86_64 and on aarch64 (-1: it has no such call), then
# the folder's and the path's argument.
_CALLS: dict[str, tuple[str, int, int, int, int]] = {
    "execve": ("execve", 59, 221, -1, 0),
    "execveat": ("execve", 322, 281, 0, 1),
    "open": ("open", 2, -1, -1, 0),
    "openat": ("open", 257, 56, 0, 1),
    "openat2": ("open", 437, 437, 0, 1),
    "creat": ("open", 85, -1, -1, 0),
    "stat": ("stat", 4, -1, -1, 0),
    "lstat": ("stat", 6, -1, -1, 0),
    "newfstatat": ("stat", 262, 79, 0, 1),
    "statx": ("stat", 332, 291, 0, 1),
    "access": ("access", 21, -1, -1, 0),
    "faccessat": ("access", 269, 48, 0, 1),
    "faccessat2": ("access", 439, 439, 0, 1),
    "readlink": ("readlink", 89, -1, -1, 0),
    "readlinkat": ("readlink", 267, 78, 0, 1),
    "chdir": ("other", 80, 49, -1, 0),
    "chmod": ("other", 90, -1, -1, 0),
    "chown": ("other", 92, -1, -1, 0),
    "chroot": ("other", 161, 51, -1, 0),
    "fchmodat": ("other", 268, 53, 0, 1),
    "fchmodat2": ("other", 452, 452, 0, 1),
    "fchownat": ("other", 260, 54, 0, 1),
    "futimesat": ("other", 261, -1, 0, 1),
    "getxattr": ("other", 191, 8, -1, 0),
    "inotify_add_watch": ("other", 254, 27, -1, 1),
    "lchown": ("other", 94, -1, -1, 0),
    "lgetxattr": ("other", 192, 9, -1, 0),
    "link": ("other", 86, -1, -1, 0),
    "linkat": ("other", 265, 37, 0, 1),
    "listxattr": ("other", 194, 11, -1, 0),
    "llistxattr": ("other", 195, 12, -1, 0),
    "lremovexattr": ("other", 198, 15, -1, 0),
    "lsetxattr": ("other", 189, 6, -1, 0),
    "mkdir": ("other", 83, -1, -1, 0),
    "mkdirat": ("other", 258, 34, 0, 1),
    "mknod": ("other", 133, -1, -1, 0),
    "mknodat": ("other", 259, 33, 0, 1),
    "mount": ("other", 165, 40, -1, 0),
    "name_to_handle_at": ("other", 303, 264, 0, 1),
    "removexattr": ("other", 197, 14, -1, 0),
    "rename": ("other", 82, -1, -1, 0),
    "renameat": ("other", 264, 38, 0, 1),
    "renameat2": ("other", 316, 276, 0, 1),
    "rmdir": ("other", 84, -1, -1, 0),
    "setxattr": ("other", 188, 5, -1, 0),
    "statfs": ("other", 137, 43, -1, 0),
    # By the link: its target is text, which the kernel does not look for.
    "symlink": ("other", 88, -1, -1, 1),
    "symlinkat": ("other", 266, 36, 1, 2),
    "truncate": ("other", 76, 45, -1, 0),
    "umount2": ("other", 166, 39, -1, 0),
    "unlink": ("other", 87, -1, -1, 0),
    "unlinkat": ("other", 263, 35, 0, 1),
    "utime": ("other", 132, -1, -1, 0),
    "utimensat": ("other", 280, 88, 0, 1),
    "utimes": ("other", 235, -1, -1, 0),
    "getdents": ("getdents", 78, -1, 0, -1),
    "getdents64": ("getdents", 217, 61, 0, -1),
    "getcwd": ("getcwd", 79, 17, -1, -1),
    "read": ("read", 0, 63, 0, -1),
    "pread64": ("read", 17, 67, 0, -1),
    "readv": ("read", 19, 65, 0, -1),
    "preadv": ("read", 295, 69, 0, -1),
    "preadv2": ("read", 327, 286, 0, -1),
    # From file to file within the kernel, which counts them as bytes read.
    "copy_file_range": ("copy", 326, 285, -1, -1),
    "sendfile": ("copy", 40, 71, -1, -1),
    "close": ("descriptor", 3, 57, -1, -1),
    "dup": ("descriptor", 32, 23, -1, -1),
    "dup2": ("descriptor", 33, -1, -1, -1),
    "dup3": ("descriptor", 292, 24, -1, -1),
    "fcntl": ("descriptor", 72, 25, -1, -1),
    "fstat": ("descriptor", 5, 80, -1, -1),
    "ioctl": ("descriptor", 16, 29, -1, -1),
    "lseek": ("descriptor", 8, 62, -1, -1),
    "brk": ("memory", 12, 214, -1, -1),
    "madvise": ("memory", 28, 233, -1, -1),
    "mmap": ("memory", 9, 222, -1, -1),
    "mprotect": ("memory", 10, 226, -1, -1),
    "mremap": ("memory", 25, 216, -1, -1),
    "munmap": ("memory", 11, 215, -1, -1),
    "rt_sigaction": ("signal", 13, 134, -1, -1),
    "rt_sigprocmask": ("signal", 14, 135, -1, -1),
}

# The column of _CALLS, and AUDIT_ARCH_… of linux/audit.h: by this the kernel marks
# calls of 32-bit programs, which have other numbers.
MACHINES = {"x86_64": (1, 0xC000003E), "aarch64": (2, 0xC00000B7)}


def rules(machine: str) -> dict[int, Rule]:
    """Return the rules by number for ``os.uname().machine``."""
    column, _ = MACHINES[machine]
    found = {}
    for name, call in _CALLS.items():
        number = (call[1], call[2])[column - 1]
        if number >= 0:
            found[number] = Rule(name, call[0], call[3], call[4])
    return found
