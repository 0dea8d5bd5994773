"""NERSC's podman-hpc as a site has it, with a module, and an image that users have pulled.

All lies below ``build/podman-hpc``: users of the machine read it, as on a site's shared disk.
What a node writes is below its own /tmp, as podman-hpc has it.
"""

import contextlib
import os
import pwd
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import image_in_podman
import pytest
from image_in_podman import ARCHIVE
from local_registry import serve
from site_user import public_python

from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.engine.podman import containers_conf
from hpcpy.engine.setup import ensure, look_up
from hpcpy.engine.tools import SBIN, needed
from hpcpy.engine.venv import ensure_venv
from hpcpy.images.oci import manifest_digest
from hpcpy.pins.model import ARCHITECTURES, host_arch
from hpcpy_common.errors import HpcpyError
from running import executable, run

# As a user names it; the registry that it comes from is the tests' own.
IMAGE = "registry.example.org/you/hpcpy:1"
MODULE = "/opt/udiImage/modules/mpich"
# Where the module that comes with podman-hpc takes Cray's MPICH from.
_CRAYS = "/usr/lib/shifter/mpich-2.2"
# `podman-hpc pull` starts this in a container, and mounts the folder to write to at
# /sqout.  It wants a static program; this one has its libraries in that folder.
_BESIDE = ".mksquashfs"
_MKSQUASHFS = f"""#!/bin/sh
exec /sqout/{_BESIDE}/ld.so --library-path /sqout/{_BESIDE} /sqout/{_BESIDE}/mksquashfs "$@"
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

    def store(self, uid: int) -> Path:
        """Return where a user's squashed images lie; all nodes read them."""
        return self.folder / f"squash-{uid}"

    def environment(self, uid: int) -> dict[str, str]:
        """Return variables, some of which a module file of the site would set."""
        own = [str(self.folder / "bin"), str(self.venv / "bin")]
        path = [*own, os.environ.get("PATH", os.defpath), *SBIN]
        return {
            "PATH": os.pathsep.join(path),
            "PODMANHPC_CONFIG_FILE": str(self.folder / "podman_hpc.yaml"),
            "SQUASH_DIR": str(self.store(uid)),
            "USER": pwd.getpwuid(uid).pw_name,
        }


def require() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start the cluster's nodes: sudo make cluster")
    image_in_podman.require("podman-hpc", "podman with FUSE")
    try:
        ensure("registry")
    except HpcpyError as error:
        pytest.skip(str(error))


def installed(mpich: Path) -> Installed:
    """Install podman-hpc with the image pulled and a folder with MPICH for its module."""
    venv = ensure_venv("podman-hpc", public_python("ensurepip"))
    site = _configured(paths.BUILD / "podman-hpc", venv)
    _write_module(site, mpich)
    _pull(site)
    return site


def _configured(folder: Path, venv: Path) -> Installed:
    site = Installed(folder, venv)
    for name in ("bin", "hooks", "modules/modules.d"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_podman(folder)
    hooks = ["-I", "-m", "podman_hpc.configure_hooks", "--force", f"--hooksd={folder / 'hooks'}"]
    run(site.python, *hooks, check=True)
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
    conf.write_text(containers_conf())
    exports = f"export CONTAINERS_CONF={conf} STORAGE_DRIVER=overlay"
    executable(folder / "bin/podman", f'#!/bin/sh\n{exports}\nexec {podman} "$@"\n')


def _write_mksquashfs(script: Path, beside: Path) -> None:
    """Write what stands in for the static mksquashfs that sites compile."""
    prefix.provide()
    layout, root = ARCHITECTURES[host_arch()], prefix.prefix()
    loader, program = root / layout.loader, root / "usr/bin/mksquashfs"
    listed = run(loader, "--list", program, check=True).stdout
    beside.mkdir(parents=True)
    for library in re.findall(r"\S+\.so\S* => (/\S+)", listed):
        shutil.copy(library, beside)
    shutil.copy(loader, beside / "ld.so")
    shutil.copy(program, beside)
    executable(script, _MKSQUASHFS)


def _write_module(site: Installed, mpich: Path) -> None:
    """Write the module ``mpich`` as podman-hpc comes with it, but for two lines.

    A root that lacks a capability, as in most containers, cannot give them all,
    and the library is ours.
    """
    came = site.venv / "etc/podman_hpc"
    text = (came / "modules.d/mpich.yaml").read_text()
    for line, instead in (("  - --privileged\n", ""), (_CRAYS, str(mpich))):
        assert text.count(line) == 1, text
        text = text.replace(line, instead)
    (site.folder / "modules/modules.d/mpich.yaml").write_text(text)
    shutil.copy(came / "01-mpich.conf", site.folder / "modules")


def _pull(site: Installed) -> None:
    """Have the image in root's store, pulled as a user pulls it: ``podman-hpc pull``."""
    store = site.store(0)
    stamp = store / "made-of"
    digest = manifest_digest(ARCHIVE)
    if stamp.exists() and stamp.read_text() == digest:
        return
    shutil.rmtree(store, ignore_errors=True)
    beside = store / "overlay/l" / _BESIDE
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="registry.") as name:
        folder = Path(name)
        _write_mksquashfs(site.folder / "bin/mksquashfs", beside)
        environment = {
            **os.environ,
            **site.environment(0),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
            # What it pulls is whole before it is squashed, and not needed afterwards.
            "PODMANHPC_GRAPH_ROOT": str(folder / "graph"),
            "PODMANHPC_MKSQUASHFS_BIN": str(site.folder / "bin/mksquashfs"),
        }
        with contextlib.contextmanager(serve)(ensure("registry"), folder) as registry:
            host, _, repository = IMAGE.partition("/")
            registry.push(ARCHIVE, repository)
            text = f'[[registry]]\nprefix = "{host}"\nlocation = "{registry.address}"\n'
            (folder / "registries.conf").write_text(f"{text}insecure = true\n")
            done = run(site.venv / "bin/podman-hpc", "pull", "--quiet", IMAGE, env=environment)
    shutil.rmtree(beside)
    assert (done.returncode, done.stderr) == (0, ""), (done.stdout, done.stderr)
    assert list(store.glob("overlay/l/*.squash")), done.stdout
    stamp.write_text(digest)


def share(site: Installed, uid: int) -> None:
    """Give a user the image as if it were pulled by them."""
    store = site.store(uid)
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(site.store(0), store, symlinks=True, copy_function=os.link)
    for path in (store, *store.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            # podman looks whose a folder is, and mounts the image there for its user alone.
            os.chown(path, uid, uid)
        elif not path.is_symlink():
            path.chmod(0o644)
