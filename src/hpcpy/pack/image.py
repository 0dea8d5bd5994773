"""The folder that takes an environment's place: the image, the launcher, and its names."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import scratch_dir
from hpcpy.core.stages import Stage
from hpcpy.engine.prefix import command, find_apptainer
from hpcpy.engine.setup import ensure
from hpcpy.engine.tools import needed, on_path
from hpcpy.pack.environment import Environment, activation

# zstd 3 packs as fast as the disk reads, and no other level starts sooner.
_COMPRESSION = ("-comp", "zstd", "-Xcompression-level", "3", "-b", "128K")
# What programs outside read of an environment: shells, conda, VS Code, Jupyter.
_READ_OUTSIDE = ("pyvenv.cfg", "conda-meta/history", "conda-meta/state", "share/jupyter/kernels")
# Runs any command where the environment lies at its place.
ANY = "pack-exec"
# Folders of a host that Apptainer makes by itself.
_NOT_BOUND = ("proc", "sys", "dev", "lost+found")
_OTHERWISE = """\
# Started by the launcher where it cannot mount: WHY NAME [ARGUMENT ...]
home=${{0%/.pack/otherwise}}
why=$1 name=$2
shift 2
prefix={prefix} kept={prefix}.unpacked apptainer={apptainer}
if [ -x "$apptainer" ] && [ "${{HPCPY_PACK_ENGINE:-}}" != folder ]; then
  [ "$name" = pack-exec ] || set -- {program} "$@"
  set -- {image} "$@"
  for folder in {folders}; do
    [ ! -d "$folder" ] || set -- --bind "$folder" "$@"
  done
  [ ! -e /dev/nvidiactl ] || set -- --nv "$@"
  export APPTAINERENV_PATH="$PATH" APPTAINERENV_LD_LIBRARY_PATH="${{LD_LIBRARY_PATH:-}}"
  [ -z "${{HPCPY_VERBOSE:-}}" ] || echo "hpcpy pack: $why; by $apptainer" >&2
  exec "$apptainer" --silent exec {options} "$@"
fi
if [ -d "$kept" ]; then
  [ -z "${{HPCPY_VERBOSE:-}}" ] || echo "hpcpy pack: $why; in $kept" >&2
  [ "$name" != pack-exec ] || exec "$@"
  exec "$kept/bin/$name" "$@"
fi
echo "hpcpy pack: $why, and no Apptainer is there; see engines in docs/how-to/pack.md" >&2
exit 69
"""


def squashfs_tool(name: str) -> Path:
    """Return mksquashfs or unsquashfs: the system's, or that of build/tools."""
    mksquashfs = next(tool for tool in needed(["apptainer"]) if tool.program == "mksquashfs")
    found = on_path(mksquashfs)
    if found and found.usable and (found.path.parent / name).exists():
        return found.path.parent / name
    ensure("apptainer")
    return command(name)


def apptainer() -> str:
    """Return the Apptainer of this machine; empty if there is none."""
    try:
        return str(find_apptainer())
    except UnavailableError:
        return ""


def squash(current: Stage, trees: Sequence[Path], image: Path) -> list[str]:
    """Write folders into an image; return their names in it, none if it is one alone."""
    tool = squashfs_tool("mksquashfs")
    options = [*_COMPRESSION, "-no-xattrs", "-no-progress", "-quiet"]
    if len(trees) == 1:
        current.run([tool, trees[0], image, *options, "-noappend"])
        return []
    names: list[str] = []
    for tree in trees:
        # As mksquashfs does it.
        name = tree.name
        while name in names:
            name += "_1"
        names.append(name)
        current.run([tool, tree, image, *options, "-keep-as-directory"])
    return names


def write(folder: Path, environment: Environment, launcher: Path, current: Stage) -> None:
    """Fill a folder with what is to take the environment's place."""
    own, mark = folder / ".pack", secrets.token_hex(8)
    image = own / f"{mark}.sqsh"
    names = squash(current, environment.trees, image)
    mode = environment.source.stat().st_mode
    image.chmod(0o600 | (mode & 0o044))
    shutil.copyfile(launcher, own / "run")
    places = (environment.prefix, *environment.others)
    lines = [f"mark {mark}", f"prefix {environment.prefix}", f"image {image.name}", "offset 0"]
    lines += [f"tree {name} {place}" for name, place in zip(names, places, strict=False)]
    lines += activation(environment)
    (own / "config").write_text(
        "".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape"
    )
    sources = [f"image-src=/{name}" for name in names] or ["image-src=/"]
    binds = [
        f'--bind "$home/.pack/{image.name}:{place}:{source},ro"'
        for source, place in zip(sources, places, strict=False)
    ]
    options = ["--no-mount home,tmp,cwd,bind-paths", '--pwd "$PWD"', *binds]
    text = otherwise(
        environment.prefix, '"$prefix/bin/$name"', '"$home/.pack/skeleton.sqsh"', options
    )
    (own / "otherwise").write_text(text)
    _write_skeleton(own, environment, current)
    _link(folder, environment)
    (own / "run").chmod(0o755)
    folder.chmod(mode & 0o7777)


def otherwise(
    prefix: Path, program: str, image: str, options: Sequence[str], without: Sequence[str] = ()
) -> str:
    """Return the script for nodes where nothing can be mounted."""
    return _OTHERWISE.format(
        prefix=prefix,
        apptainer=shlex.quote(apptainer()),
        program=program,
        image=image,
        folders=" ".join(_host_folders(without)),
        options=" ".join(options),
    )


def renew_mark(packed: Path) -> None:
    """Have no later start join a mount of the check: that lies over the folder as it was."""
    config = packed / ".pack/config"
    _, _, rest = config.read_bytes().partition(b"\n")
    config.write_bytes(f"mark {secrets.token_hex(8)}\n".encode() + rest)


def _host_folders(without: Sequence[str]) -> list[str]:
    return [
        shlex.quote(str(path))
        for path in sorted(Path("/").iterdir())
        if path.name not in (*_NOT_BOUND, *without) and path.is_dir() and not path.is_symlink()
    ]


def _write_skeleton(own: Path, environment: Environment, current: Stage) -> None:
    """Write the empty root that Apptainer starts from, with the host's folders and links."""
    with scratch_dir(own, ".root") as root:
        for path in Path("/").iterdir():
            if path.is_symlink():
                (root / path.name).symlink_to(path.readlink())
            elif path.is_dir():
                (root / path.name).mkdir()
        for place in (environment.prefix, *environment.others):
            (root / str(place).lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name in ("proc", "sys", "dev"):
            (root / name).mkdir(exist_ok=True)
        tool = squashfs_tool("mksquashfs")
        current.run([tool, root, own / "skeleton.sqsh", "-all-root", "-no-progress", "-quiet"])


def _link(folder: Path, environment: Environment) -> None:
    """Have a name for each command, and copies of what programs outside read."""
    names = folder / "bin"
    names.mkdir()
    commands = environment.commands()
    for path in (environment.source / "bin").iterdir():
        # Files that a shell reads lie beside the commands.
        if path.name in commands and not path.name.startswith(("activate", "deactivate")):
            (names / path.name).symlink_to("../.pack/run")
        elif path.is_file():
            shutil.copy2(path, names / path.name)
    if ANY not in commands:
        (names / ANY).symlink_to("../.pack/run")
    for name in _READ_OUTSIDE:
        path, copy = environment.source / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            shutil.copy2(path, copy)
        elif path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
        else:
            with contextlib.suppress(OSError):
                os.removedirs(copy.parent)
