"""How engines put a site's MPI into the image: podman-hpc, Shifter and Apptainer.

podman-hpc wants a cluster around it (test_podman_hpc.py), and Shifter's source
(test_shifter.py); what they do to a container before its program starts is done
here by the same system calls.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import image_in_podman
from mpi_libraries import assignments

from hpcpy.core import paths
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import ensure
from running import run

SIF = paths.BUILD / "hpcpy.sif"
ARCHIVE = paths.BUILD / "hpcpy.oci.tar"
MODULE = "/opt/udiImage/modules/mpich"
# Replaces what the image or the user had.
LIBRARY_PATH = f"{MODULE}:{MODULE}/dep"
NOBODY = 65534
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

# podman-hpc's hook: in the container's mount namespace, before it has its root,
# the module's files are copied and mounted, and the container's own ldconfig runs.
_HOOK = """#!{python}
import json, subprocess, sys
pid = json.load(sys.stdin)["pid"]
root = json.load(open("config.json"))["root"]["path"]
script = '''set -eu
mkdir -p "$1{module}" "$1/etc/ld.so.conf.d"
printf '%s\\n' {module} {module}/dep >"$1/etc/ld.so.conf.d/01-mpich.conf"
mount --rbind {library} "$1{module}"
exec chroot "$1" /sbin/ldconfig
'''
sys.exit(subprocess.run(
    ["nsenter", f"--mount=/proc/{{pid}}/ns/mnt", "--", "sh", "-c", script, "sh", root]
).returncode)
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
    apptainer = str(ensure("apptainer").apptainer)
    options = ["--cleanenv", "--contain", "--no-home", "--pwd=/", f"--bind={folder}:/tmp"]
    options += [f"--bind={library}:{MODULE}", f"--env=LD_LIBRARY_PATH={LIBRARY_PATH}"]
    return [apptainer, "exec", *options, str(SIF), *command]


def by_shifter(library: Path, folder: Path, *command: str) -> list[str]:
    """Return the command that makes Shifter's root and starts a program in it."""
    listed = run(ensure("apptainer").apptainer, "sif", "list", SIF, check=True).stdout
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


def by_podman_hpc(library: Path, folder: Path, *command: str) -> list[str]:
    """Return podman's command with a hook that does what podman-hpc's does."""
    podman, variables = podman_command()
    image_in_podman.load(ARCHIVE, podman, variables)
    hooks = folder / "hooks"
    hooks.mkdir()
    hook = hooks / "hook"
    quoted = shlex.quote(str(library))
    hook.write_text(_HOOK.format(python=sys.executable, module=MODULE, library=quoted))
    hook.chmod(0o755)
    said = {"version": "1.0.0", "hook": {"path": str(hook)}, "when": {"always": True}}
    (hooks / "mpi.json").write_text(json.dumps({**said, "stages": ["prestart"]}))
    options: Sequence[str] = (
        *("run", "--rm", f"--hooks-dir={hooks}", "--network=none", f"--volume={folder}:/tmp"),
        *("--env", f"LD_LIBRARY_PATH={LIBRARY_PATH}", "--user=1000:1000", image_in_podman.NAME),
    )
    return ["env", *assignments(variables), *podman, *options, *command]
