"""How engines put a site's MPI into the image: Apptainer, and Shifter.

No registry has Shifter: what it does to a container before its program starts is
done here by the same system calls.  test_podman_hpc.py runs podman-hpc itself.
"""

import shlex
from pathlib import Path

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.engine.tools import all_capabilities
from running import run

SIF = paths.BUILD / "hpcpy.sif"
MODULE = "/opt/udiImage/modules/mpich"
# Replaces what the image or the user had.
LIBRARY_PATH = f"{MODULE}:{MODULE}/dep"
NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
# An administrator would open /dev/fuse to users: root does so here in a mount
# namespace of the one command, and then becomes the user.
AS_USER = f"""
mount -t tmpfs -o mode=755 tmpfs "$0" && mknod "$0/fuse" c 10 229 && chmod 666 "$0/fuse" &&
mount --bind "$0/fuse" /dev/fuse && cd "$OLDPWD" && exec {" ".join(AS_NOBODY)} "$@"
"""


def forbidden(name: str) -> str:
    """Return why this machine does not allow an ordinary user something; empty if it does."""
    first, *more = next(one for one in all_capabilities() if one.name == name).lines()
    return "" if first.endswith(" yes") else "; ".join(line.strip() for line in (first, *more))


# Whose library runs, a ring, an allreduce, and a file that all ranks write.
PROGRAM = """
from mpi4py import MPI
import h5py, numpy as np
comm = MPI.COMM_WORLD
maps = {x.split()[-1] for x in open('/proc/self/maps') if '/libmpi' in x}
version = MPI.Get_library_version().split()[2]
right, left = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
from_left = comm.sendrecv(comm.rank, right, source=left)
total = comm.allreduce(comm.rank)
with h5py.File('/tmp/all.h5', 'w', driver='mpio', comm=comm) as file:
    x = file.create_dataset('x', (comm.size, 100), 'f8')
    with x.collective:
        x[comm.rank] = np.arange(100.0) + comm.rank
with h5py.File('/tmp/all.h5', driver='mpio', comm=comm) as file:
    read = file['x'][right].sum()
assert (from_left, total, read) == (left, comm.size * (comm.size - 1) // 2, 4950 + 100 * right)
print(comm.rank, comm.size, version, *maps, flush=True)
"""

# Shifter's root: the site's files first, then the image's folders mounted and its
# /etc copied beside them, then siteFs over what the image has at these paths.
_SHIFTER = """set -eu
loop=$1/loop root=$1/root
mkdir "$loop" "$root"
device=$(losetup --find --show --read-only --offset "$3" "$2")
mount -o ro,nosuid,nodev "$device" "$loop"
# Goes with the mount; Apptainer may have a device on the same file.
losetup --detach "$device"
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p proc sys dev tmp etc .{module}
for own in proc sys dev; do mount --rbind "/$own" "$own"; done
mount --bind "$4" tmp
printf 'root:x:0:0::/root:/bin/sh\\nsomeone:x:{uid}:{uid}::/nowhere:/bin/sh\\n' >etc/passwd
printf 'root:x:0:\\nsomeone:x:{uid}:\\n' >etc/group
mount --bind {library} .{module}
for parent in / /var/ /opt/; do
    for entry in "$loop$parent"*; do
        name=.$parent${{entry##*/}}
        [ ! -e "$name" ] && [ ! -L "$name" ] || continue
        if [ -d "$entry" ] && [ ! -L "$entry" ]; then
            mkdir -p "$name"
            [ "$name" = ./var ] || [ "$name" = ./opt ] || mount --bind "$entry" "$name"
        else
            cp -a "$entry" "$name"
        fi
    done
done
for entry in "$loop"/etc/*; do
    [ -e "etc/${{entry##*/}}" ] || cp -a "$entry" etc/
done
for site in home srv mnt; do mount -t tmpfs -o ro tmpfs "$site"; done
mount -o remount,ro "$root"
shift 4
exec chroot "$root" setpriv --reuid={uid} --regid={uid} --clear-groups \
    --no-new-privs env -i "$@"
"""


def by_apptainer(library: Path, folder: Path, *command: str) -> list[str]:
    """Return the command of Apptainer's bind model: the site's folder, and its path."""
    apptainer = str(ensure("apptainer")["apptainer"].path)
    options = ["--cleanenv", "--contain", "--no-home", "--pwd=/", f"--bind={folder}:/tmp"]
    options += [f"--bind={library}:{MODULE}", f"--env=LD_LIBRARY_PATH={LIBRARY_PATH}"]
    return [apptainer, "exec", *options, str(SIF), *command]


def by_shifter(library: Path, folder: Path, *command: str) -> list[str]:
    """Return the command that makes Shifter's root and starts a program in it."""
    listed = run(ensure("apptainer")["apptainer"].path, "sif", "list", SIF, check=True).stdout
    (partition,) = (line for line in listed.splitlines() if "Squashfs" in line)
    offset = partition.split("|")[3].partition("-")[0].strip()
    script = _SHIFTER.format(module=MODULE, uid=NOBODY, library=shlex.quote(str(library)))
    work = folder / "shifter"
    work.mkdir()
    # The image's PATH, which Shifter takes from its manifest.
    path = "PATH=/opt/hpcpy/bin:/opt/mpich/bin:/usr/bin:/bin"
    variables = [path, f"LD_LIBRARY_PATH={LIBRARY_PATH}"]
    start = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh"]
    return [*start, str(work), str(SIF), offset, str(folder), *variables, *command]
