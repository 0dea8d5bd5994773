"""NERSC's podman-hpc as a site has it: configured, with its hook and images of ours.

All lies in one folder: users of the machine read it, as on a site's shared disk.  What
a node writes is below its own /tmp, as podman-hpc has it.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hpcpy.build.archive import manifest_digest
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import skipped, stage
from hpcpy.engine import prefix
from hpcpy.engine.podman import containers_conf, settings
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import SBIN, needed

# `podman-hpc migrate` starts this in a container, and mounts the folder to write to at
# /sqout.  It wants a static program; this one has its libraries in that folder.
BESIDE = ".mksquashfs"
_MKSQUASHFS = f"""#!/bin/sh
exec /sqout/{BESIDE}/ld.so --library-path /sqout/{BESIDE} /sqout/{BESIDE}/mksquashfs "$@"
"""
# No other podman of this machine meets it: not in locks, nor in counts of mounts.
_MIGRATE = """\
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm &&
"$0" load --quiet --input "$1" && "$0" migrate "$2"
"""


@dataclass(frozen=True)
class Installed:
    """An installation: what a user's shell has of it."""

    folder: Path
    venv: Path

    @property
    def python(self) -> Path:
        """The interpreter that podman-hpc has; others may have it, too."""
        return self.venv / "bin/python3"

    @property
    def program(self) -> Path:
        """The program podman-hpc."""
        return self.venv / "bin/podman-hpc"

    def store(self, uid: int) -> Path:
        """Return where a user's squashed images lie; all nodes read them."""
        return self.folder / f"squash-{uid}"

    def environment(self, uid: int, store: Path | None = None) -> dict[str, str]:
        """Return variables, some of which a module file of the site would set."""
        own = [str(self.folder / "bin"), str(self.venv / "bin")]
        path = [*own, os.environ.get("PATH", os.defpath), *SBIN]
        return {
            "PATH": os.pathsep.join(path),
            "PODMANHPC_CONFIG_FILE": str(self.folder / "podman_hpc.yaml"),
            "SQUASH_DIR": str(store or self.store(uid)),
            "USER": pwd.getpwuid(uid).pw_name,
        }


def configured(folder: Path, venv: Path) -> Installed:
    """Write what podman-hpc reads, and return the installation."""
    site = Installed(folder, venv)
    for name in ("bin", "hooks", "modules/modules.d"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_podman(folder)
    hooks = ["-I", "-m", "podman_hpc.configure_hooks", "--force", f"--hooksd={folder / 'hooks'}"]
    subprocess.run([site.python, *hooks], check=True, stdout=subprocess.DEVNULL)
    values = {
        "podman_bin": folder / "bin/podman",
        "mount_program": site.venv / "bin/fuse-overlayfs-wrap",
        "modules_dir": folder / "modules/modules.d",
        "hooks_dir": folder / "hooks",
    }
    lines = [f'{name}: "{value}"\n' for name, value in values.items()]
    # The default, 10 s for a container's start, is too short on a machine that also builds.
    lines.append("wait_timeout: 60\n")
    (folder / "podman_hpc.yaml").write_text("".join(lines))
    return site


def _write_podman(folder: Path) -> None:
    """Write the podman that podman-hpc starts, with all that this kind of machine may need."""
    podman = look_up(needed(["podman-hpc"]))["podman"].path
    conf = folder / "containers.conf"
    conf.write_text(containers_conf(tuple(settings())))
    program = folder / "bin/podman"
    program.write_text(
        f'#!/bin/sh\nexport CONTAINERS_CONF={conf} STORAGE_DRIVER=overlay\nexec {podman} "$@"\n'
    )
    program.chmod(0o755)


def write_mksquashfs(script: Path, beside: Path) -> None:
    """Write what stands in for the static mksquashfs that sites compile."""
    prefix.provide()
    layout, root = prefix.layout(), prefix.prefix()
    loader, program = root / layout.loader, root / "usr/bin/mksquashfs"
    listed = subprocess.run(
        [loader, "--list", program], capture_output=True, text=True, check=True
    ).stdout
    beside.mkdir(parents=True)
    for library in re.findall(r"\S+\.so\S* => (/\S+)", listed):
        shutil.copy(library, beside)
    shutil.copy(loader, beside / "ld.so")
    shutil.copy(program, beside)
    script.write_text(_MKSQUASHFS)
    script.chmod(0o755)


def migrated(site: Installed, archive: Path) -> Path:
    """Have root's store with the image of an archive, as root loads and migrates it."""
    store = site.store(0)
    stamp, digest = store / "made-of", manifest_digest(archive)
    if stamp.exists() and stamp.read_bytes() == digest.encode():
        skipped("podman-hpc migrate", "up to date")
        return store
    shutil.rmtree(store, ignore_errors=True)
    script, beside = site.folder / "bin/mksquashfs", store / "overlay/l" / BESIDE
    with stage("podman-hpc migrate") as current, build_scratch("podman-hpc") as scratch:
        write_mksquashfs(script, beside)
        variables = {
            **site.environment(0),
            "PODMANHPC_GRAPH_ROOT": str(scratch / "graph"),
            "PODMANHPC_RUN_ROOT": "/run/hpc",
            "PODMANHPC_MKSQUASHFS_BIN": str(script),
        }
        words = [str(site.program), str(archive), image_name(archive)]
        current.run(["unshare", "--mount", "sh", "-ec", _MIGRATE, *words], env=variables)
        shutil.rmtree(beside)
        # It reports a failure in its log alone.
        (squash,) = store.glob("overlay/l/*.squash")
        current.note = f"{squash.stat().st_size / 1e6:.0f} MB"
    stamp.write_text(digest)
    return store


def image_name(archive: Path) -> str:
    """Return what podman calls the image of an archive."""
    return f"localhost/{archive.name.partition('.')[0]}:latest"
