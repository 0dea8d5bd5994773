"""``hpcpy pack PREFIX --bake SIF``: an image of hpcpy with the packages as they lie.

Nothing is resolved and nothing is downloaded: what the image lacks is copied, and baked there.
Unpacking, baking and packing need no right that `apptainer build` of a definition asks for.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path

from hpcpy.build.command import SQUASHFS_OPTIONS, ensure_image
from hpcpy.core.errors import HpcpyError, UsageError
from hpcpy.core.files import scratch_dir, whole_file
from hpcpy.core.stages import say, stage
from hpcpy.engine.setup import ensure
from hpcpy.engine.traced import traced
from hpcpy.pack.image import beside, is_packed

_PYTHON = "/opt/hpcpy/bin/python3"
_SITE = "lib/python3.14/site-packages"
_NAMES = """
import importlib.metadata
for package in importlib.metadata.distributions():
    print(package.name)
"""


def bake_environment(prefix: Path, options: argparse.Namespace) -> None:
    """Write an image with an environment's packages, and compare a start in both."""
    source = beside(prefix, "unpacked") if is_packed(prefix) else prefix
    site, target = source / _SITE, options.bake.absolute()
    if not site.is_dir():
        hint = "--undo first" if is_packed(prefix) else "hpcpy's Python is 3.14"
        raise UsageError(f"{source}: has no {_SITE}", hint=hint)
    apptainer = str(ensure("apptainer").apptainer)
    base = (options.image or ensure_image("sif")[0]).resolve()
    with scratch_dir(target.parent, ".bake") as scratch, whole_file(target) as temporary:
        env = {"APPTAINER_TMPDIR": str(scratch), "APPTAINER_CACHEDIR": str(scratch / "cache")}
        root = scratch / "root"
        with stage(f"unpack {base.name}") as current:
            current.run([apptainer, "build", "--sandbox", root, base], env=env)
        with stage(f"copy packages of {source.name}") as current:
            inside = [apptainer, "exec", "--cleanenv", str(root), _PYTHON, "-I", "-c", _NAMES]
            names = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
            copied = _copy(site, root / "opt/hpcpy" / _SITE, names.split())
            current.note = f"{len(copied)} packages"
        with stage("bake") as current:
            bake = ["--writable", str(root), _PYTHON, "-m", "hpcpy_bake"]
            current.run([apptainer, "exec", *bake], env=env)
        with stage(f"pack {target.name}") as current:
            squashfs = f"--mksquashfs-args={' '.join(SQUASHFS_OPTIONS)}"
            current.run([apptainer, "build", "--force", squashfs, temporary, root], env=env)
    print(f"{target}: {base.name} with {', '.join(copied) or 'no package more'}")
    words = list(options.program or ("-c", "pass"))
    try:
        before = len(traced([str(prefix / "bin/python"), *words]).paths)
        after = len(traced([apptainer, "exec", str(target), _PYTHON, *words], _PYTHON).paths)
        print(f"path calls of a start: {before:,} before, {after:,} in the image")
    except (HpcpyError, OSError) as error:
        say(f"no start was compared: {error}")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy(site: Path, target: Path, names: list[str]) -> list[str]:
    """Copy the packages that an image lacks; return their names and versions."""
    present, copied = {_canonical(name) for name in names}, []
    for package in importlib.metadata.distributions(path=[str(site)]):
        if _canonical(package.name) in present:
            continue
        if package.files is None:
            raise UsageError(f"{package.name}: has no list of its files", hint="install it by pip")
        for file in map(str, package.files):
            # Scripts lie outside.
            is_own = not file.startswith(("/", "../")) and not file.endswith(".pyc")
            if is_own and (site / file).is_file():
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(site / file, target / file)
        copied.append(f"{package.name} {package.version}")
    return sorted(copied)
