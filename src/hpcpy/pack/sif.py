"""Images of hpcpy: their commands without a container engine, and packages as they lie, baked."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
from pathlib import Path

from hpcpy.build.command import SQUASHFS_OPTIONS, ensure_image
from hpcpy.build.sif_header import system_offset
from hpcpy.core.errors import HpcpyError, UsageError
from hpcpy.core.files import scratch_dir, whole_file
from hpcpy.core.programs import captured
from hpcpy.core.stages import say, stage
from hpcpy.engine.setup import ensure
from hpcpy.engine.traced import traced
from hpcpy.pack.image import image_of, new_image, write_launcher
from hpcpy.pack.places import beside, discard, is_packed, swap, work_folder

_PYTHON = "/opt/hpcpy/bin/python3"
_SITE = "lib/python3.14/site-packages"
# What the image sets, and the programs of its own.
_ASK = """
import glob, json, os
folders = [one for one in os.environ["PATH"].split(":") if one.startswith("/opt/")]
names = {os.path.basename(path) for one in folders for path in glob.glob(one + "/*")}
print(json.dumps([dict(os.environ), sorted(names)]))
"""
# Of the image; all other folders are the host's.  The links are folders on some hosts.
_FOLDERS = ("opt", "usr", "etc", "bin", "sbin", "lib", "lib64")
# Of the host in the image's /etc.
_FILES = ("passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "localtime")
_OF_THE_ENGINE = (
    *("APPTAINER", "SINGULARITY", "HOME", "PWD", "PS1", "TERM", "USER"),
    *("LD_LIBRARY_", "PROMPT_"),
)


def pack_sif(sif: Path, folder: Path | None) -> None:
    """Write a folder whose commands start those of a SIF, which stays where it is."""
    if not sif.is_file():
        raise UsageError(f"{sif}: there is no such file")
    made = (folder or sif.with_suffix("")).absolute()
    # A packed environment has its own image: nothing else may have the files.
    is_older = is_packed(made) and image_of(made).is_symlink()
    if made.is_file() or (made.exists() and not is_older and any(made.iterdir())):
        raise UsageError(f"{made}: is in the way", hint="give another place by --to")
    offset, apptainer = system_offset(sif), ensure("apptainer").apptainer
    inside = [str(apptainer), "exec", "--cleanenv", str(sif), _PYTHON, "-I", "-c", _ASK]
    done = captured(inside)
    if done.returncode:
        raise UsageError(f"{sif}: has no {_PYTHON}: {done.stderr.strip()[-200:]}")
    variables, commands = json.loads(done.stdout)
    lines = [
        f"{name}={value}"
        for name, value in sorted(variables.items())
        if not name.startswith(_OF_THE_ENGINE) and "\n" not in value
    ]
    binds = [f"/etc/{name}=etc/{name}" for name in _FILES]
    binds += [f"{name}=/{name}" for name in _FOLDERS]
    with work_folder(made) as work:
        packed, old = work / "packed", beside(made, "pack-old")
        image = new_image(packed)
        image.symlink_to(sif)
        settings = {"PREFIX": made / ".pack/root", "BIN": "", "OFFSET": offset}
        write_launcher(image, commands, {**settings, "BINDS": ":".join(binds)}, lines)
        # Those of before go when the new ones are whole.
        made.mkdir(parents=True, exist_ok=True)
        swap(made, packed, old)
        discard(old, work)
    print(made / "bin")


def bake_environment(prefix: Path, options: argparse.Namespace) -> None:
    """Write an image with an environment's packages, and compare a start in both.

    Unpacking, baking and packing need no right that `apptainer build` of a definition asks for.
    """
    site, target = prefix / _SITE, options.bake.absolute()
    if not site.is_dir():
        hint = "hpcpy's Python is 3.14; of a packed environment give the unpacked folder"
        raise UsageError(f"{prefix}: has no {_SITE}", hint=hint)
    apptainer = str(ensure("apptainer").apptainer)
    base = (options.image or ensure_image("sif")[0]).resolve()
    with scratch_dir(target.parent, ".bake") as scratch, whole_file(target) as temporary:
        root, env = scratch / "root", {"APPTAINER_TMPDIR": str(scratch)}
        with stage(f"unpack {base.name}") as current:
            current.run([apptainer, "build", "--sandbox", root, base], env=env)
        with stage("copy and bake packages") as current:
            copied = _copy(site, root / "opt/hpcpy" / _SITE)
            inside = ["exec", "--writable", str(root), _PYTHON]
            current.run([apptainer, *inside, "-m", "hpcpy_bake"], env=env)
        with stage(f"pack {target.name}") as current:
            squashfs = f"--mksquashfs-args={' '.join(SQUASHFS_OPTIONS)}"
            current.run([apptainer, "build", "--force", squashfs, temporary, root], env=env)
    print(f"{target}: {base.name} with {', '.join(copied) or 'no package more'}")
    words = list(options.program or ("-c", "pass"))
    try:
        before = len(traced([str(prefix / "bin/python"), *words]).paths)
        after = len(traced([apptainer, "exec", str(target), _PYTHON, *words], _PYTHON).paths)
        print(f"path calls of a start: {before:,} before, {after:,} in the image")
    except HpcpyError as error:
        say(f"no start was compared: {error}")


def _copy(site: Path, target: Path) -> list[str]:
    """Copy the packages that a folder lacks; return their names and versions."""
    copied = []
    for package in importlib.metadata.distributions(path=[str(site)]):
        if any(importlib.metadata.distributions(path=[str(target)], name=package.name)):
            continue
        if package.files is None:
            raise UsageError(f"{package.name}: has no list of its files", hint="install it by pip")
        for file in map(os.path.normpath, map(str, package.files)):
            # Scripts lie outside.
            is_own = not file.startswith(("/", "../")) and not file.endswith(".pyc")
            if is_own and (site / file).is_file():
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(site / file, target / file)
        copied.append(f"{package.name} {package.version}")
    return sorted(copied)
