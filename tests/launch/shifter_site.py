"""NERSC's Shifter as a site has it, built from its source: no registry has a package.

``HPCPY_SHIFTER`` names a checkout of it, of which the commit of env/shifter.toml is
built.  It is configured as a site's administrator would: the images' folder, the
file systems that every container sees, and the module ``mpich``.  There is no image
gateway: the image is made of the archive by the gateway's own functions, and found by
its name there, ``id:…``.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import image_in_podman
import pytest
from image_in_podman import ARCHIVE
from site_user import require_public

from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.images.oci import manifest_digest
from running import executable, run

MODULE = "/opt/udiImage/modules/mpich"
SOURCE = os.environ.get("HPCPY_SHIFTER", "")
PIN = tomllib.loads((paths.ROOT / "env/shifter.toml").read_text())
# As Shifter's own Dockerfile builds it, the mount program being the system's.
_BUILD = """
sh ./autogen.sh
cp "$(command -v mount)" dep/mount
./configure --prefix="$1" --sysconfdir="$1/etc" \
    --with-libcurl --with-munge --disable-nativeSlurm --disable-staticsshd
make
make install
mkdir -p "$1/libexec/shifter/opt/udiImage"
"""
_CONF = """\
udiMount={run}/root
loopMount={run}/loop
imagePath={images}
udiRootPath={prefix}
optUdiImage={prefix}/libexec/shifter/opt/udiImage
etcPath={prefix}/etc/shifter_etc_files
mountUdiRootWritable=1
populateEtcDynamically=1
allowLibcPwdCalls=1
maxGroupCount=31
modprobePath=/bin/true
insmodPath=/bin/true
cpPath=/bin/cp
mvPath=/bin/mv
chmodPath=/bin/chmod
ddPath=/bin/dd
rootfsType=tmpfs
sitePreMountHook={prefix}/etc/premount.sh
siteFs={checkout}:{checkout}
siteEnv=SHIFTER_RUNTIME=1
siteEnvAppend=PATH=/opt/udiImage/bin
imageGateway=http://localhost:1
system=local
defaultImageType=id
module_mpich_copyPath={mpich}
module_mpich_siteEnvPrepend=LD_LIBRARY_PATH={module}:{module}/dep
"""
# What the gateway does with an image's files: it makes a squashfs, and writes its metadata.
_CONVERT = """
import json, sys
from shifter_imagegw import converters
folder, image, about = sys.argv[1:]
options = {"squashfs": ["-no-xattrs", "-quiet", "-no-progress", "-comp", "lz4"]}
assert converters.convert("squashfs", folder, image + ".squashfs", options)
assert converters.writemeta("squashfs", json.loads(about), image + ".meta")
"""


@dataclass(frozen=True)
class Site:
    prefix: Path
    image: str

    @property
    def environment(self) -> dict[str, str]:
        path = [str(self.prefix / "bin"), os.environ.get("PATH", os.defpath)]
        return {"PATH": os.pathsep.join(path)}


def require() -> None:
    if not SOURCE:
        pytest.skip(
            "Shifter is in no registry; with its source: "
            f"git clone {PIN['repository']} && HPCPY_SHIFTER=$PWD/shifter make test"
        )
    if os.geteuid() != 0:
        pytest.skip("only root can start the cluster's nodes: sudo make cluster")
    image_in_podman.require()
    require_public(paths.ROOT / "src/hpcpy/__main__.py")


def installed(mpich: Path) -> Site:
    """Build and configure Shifter with the image, and a folder with MPICH for its module."""
    folder = paths.BUILD / "shifter"
    made = _built(folder)
    for name in ("run/root", "run/loop", "images"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    site = Site(made, f"id:{_converted(folder, made)}")
    folders = {"run": folder / "run", "images": folder / "images", "prefix": made}
    text = _CONF.format(**folders, checkout=paths.ROOT, mpich=mpich, module=MODULE)
    (made / "etc/udiRoot.conf").write_text(text)
    # Shifter makes the last folder of a mount point by itself; this starts in its root.
    executable(made / "etc/premount.sh", f"#!/bin/sh\nexec mkdir -p .{paths.ROOT.parent}\n")
    return site


def _built(folder: Path) -> Path:
    """Return the prefix of what the pinned commit comes to."""
    made = folder / str(PIN["commit"])[:12]
    if (made / "complete").exists():
        return made
    shutil.rmtree(made, ignore_errors=True)
    source = made / "source"
    source.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", SOURCE, "archive", PIN["commit"]], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
    with (made / "log").open("w") as log:
        command: list[str | Path] = ["sh", "-exc", _BUILD, "sh", made]
        code = subprocess.run(
            command, cwd=source, stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    assert code == 0, f"see {log.name}; it needs: apt-get install {' '.join(PIN['needs'])}"
    (made / "complete").touch()
    return made


def _converted(folder: Path, made: Path) -> str:
    """Have the image among the site's, and return its name there."""
    name = manifest_digest(ARCHIVE).removeprefix("sha256:")
    image = folder / "images" / name
    if image.with_name(f"{name}.meta").exists():
        return name
    for former in image.parent.iterdir():
        former.unlink()
    podman, variables = image_in_podman.loaded()
    environment = {**os.environ, **variables}
    inspect = [*podman, "image", "inspect", image_in_podman.NAME]
    (about,) = json.loads(run(*inspect, env=environment, check=True).stdout)
    unpacked = folder / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    create = (*podman, "create", image_in_podman.NAME)
    container = run(*create, env=environment, check=True).stdout.strip()
    try:
        command = '"$@" | tar --extract --same-permissions --same-owner --directory="$0"'
        export: list[str | Path] = [unpacked, *podman, "export", container]
        subprocess.run(["bash", "-ceo", "pipefail", command, *export], env=environment, check=True)
    finally:
        run(*podman, "rm", container, env=environment, check=True)
    prefix.provide()
    convert = {
        **os.environ,
        "PATH": f"{prefix.prefix() / 'usr/bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(made / "source/imagegw"),
    }
    config = about["Config"]
    said = {"env": config["Env"], "workdir": config.get("WorkingDir"), "cmd": config.get("Cmd")}
    words = [unpacked, image, json.dumps(said)]
    run(sys.executable, "-c", _CONVERT, *words, env=convert, timeout=None, check=True)
    return name
