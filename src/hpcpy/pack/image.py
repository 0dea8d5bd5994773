"""The folder that takes an environment's place: the image, the launcher, and its names."""

from __future__ import annotations

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
# Of bin: what shells read is no command.
_SOURCED = ("activate", "deactivate")
_SKELETON = "skeleton.sqsh"
# Runs any command where the environment lies at its place.
ANY = "pack-exec"
_OTHERWISE = """\
# Started by the launcher where it cannot mount: WHY NAME [ARGUMENT ...]
home=${{0%/.pack/otherwise}}
why=$1 name=$2
shift 2
kept={prefix}.unpacked apptainer={apptainer}
if [ -x "$apptainer" ] && [ "${{HPCPY_PACK_ENGINE:-}}" != folder ]; then
  [ "$name" = pack-exec ] || set -- {program} "$@"
  set -- "$home/.pack/{image}" "$@"
  for folder in /*; do
    case $folder in {without}) continue ;; esac
    [ ! -d "$folder" ] || [ -L "$folder" ] || set -- --bind "$folder" "$@"
  done
  [ ! -e /dev/nvidiactl ] || set -- --nv "$@"
  export APPTAINERENV_PATH="$PATH" APPTAINERENV_LD_LIBRARY_PATH="${{LD_LIBRARY_PATH:-}}"
  [ -z "${{HPCPY_VERBOSE:-}}" ] || echo "hpcpy pack: $why; by $apptainer" >&2
  exec "$apptainer" --silent exec --pwd "$PWD" {options} "$@"
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


def config_value(packed: Path, key: str) -> list[str]:
    """Return what the lines of a key say in the configuration of a packed folder."""
    lines = (packed / ".pack/config").read_text(errors="surrogateescape").splitlines()
    return [line.removeprefix(f"{key} ") for line in lines if line.startswith(f"{key} ")]


def image_of(packed: Path) -> Path:
    """Return the image of a packed folder."""
    return packed / ".pack" / config_value(packed, "image")[0]


def squash(current: Stage, trees: Sequence[Path], image: Path) -> list[str]:
    """Write folders into an image; return their names in it, none if it is one alone."""
    options = [*_COMPRESSION, "-no-xattrs", "-no-progress", "-quiet", "-exit-on-error"]
    current.run([squashfs_tool("mksquashfs"), *trees, image, *options])
    names: list[str] = []
    for number, tree in enumerate(trees):
        # As mksquashfs does it.
        same = [other.name for other in trees[:number]].count(tree.name)
        names.append(f"{tree.name}_{same}" if same else tree.name)
    return names if len(trees) > 1 else []


def write(folder: Path, environment: Environment, launcher: Path, current: Stage) -> None:
    """Fill a folder with what is to take the environment's place."""
    own = folder / ".pack"
    own.mkdir()
    # Its name tells a start which mounts of the node are of this image.
    image = own / f"{secrets.token_hex(8)}.sqsh"
    names = squash(current, [*environment.folders.values()], image)
    mode = environment.source.stat().st_mode
    image.chmod(0o600 | (mode & 0o044))
    binds = list(zip(names, map(str, environment.folders), strict=False))
    lines = [f"prefix {environment.prefix}", f"image {image.name}", "offset 0"]
    lines += [f"bind {name}={place}" for name, place in binds]
    lines += activation(environment)
    options = ["--no-mount home,tmp,cwd,bind-paths"]
    options += [
        f'--bind "$home/.pack/{image.name}:{place}:image-src=/{name},ro"'
        for name, place in binds or [("", str(environment.prefix))]
    ]
    script = otherwise(environment.prefix, f'"{environment.prefix}/bin/$name"', _SKELETON, options)
    write_own(own, launcher, lines, script)
    _write_skeleton(own, environment, current)
    _link(folder, environment)
    folder.chmod(mode & 0o7777)


def otherwise(
    prefix: Path, program: str, image: str, options: Sequence[str], without: Sequence[str] = ()
) -> str:
    """Return the script for nodes where nothing can be mounted."""
    try:
        apptainer = str(find_apptainer())
    except UnavailableError:
        apptainer = ""
    return _OTHERWISE.format(
        prefix=prefix,
        apptainer=shlex.quote(apptainer),
        program=program,
        image=image,
        without="|".join(["/proc", "/sys", "/dev", *without]),
        options=" ".join(options),
    )


def write_own(own: Path, launcher: Path, lines: Sequence[str], script: str) -> None:
    """Write the launcher, its configuration, and what it starts where it cannot mount."""
    shutil.copyfile(launcher, own / "run")
    (own / "run").chmod(0o755)
    text = "".join(f"{line}\n" for line in lines)
    (own / "config").write_text(text, encoding="utf-8", errors="surrogateescape")
    (own / "otherwise").write_text(script)


def _write_skeleton(own: Path, environment: Environment, current: Stage) -> None:
    """Write the empty root that Apptainer starts from, with the host's folders and links."""
    with scratch_dir(own, ".root") as root:
        for path in Path("/").iterdir():
            if path.is_symlink():
                (root / path.name).symlink_to(path.readlink())
            elif path.is_dir():
                (root / path.name).mkdir()
        for place in environment.folders:
            (root / str(place).lstrip("/")).mkdir(parents=True, exist_ok=True)
        tool = squashfs_tool("mksquashfs")
        current.run([tool, root, own / _SKELETON, "-all-root", "-no-progress", "-quiet"])


def _link(folder: Path, environment: Environment) -> None:
    """Have a name for each command, and copies of what programs outside read."""
    names = folder / "bin"
    names.mkdir()
    for path in (environment.source / "bin").iterdir():
        # Files that a shell reads lie beside the commands.
        if environment.is_command(path.name) and not path.name.startswith(_SOURCED):
            (names / path.name).symlink_to("../.pack/run")
        elif path.is_file():
            shutil.copy2(path, names / path.name)
    if not (names / ANY).is_symlink():
        (names / ANY).symlink_to("../.pack/run")
    for name in _READ_OUTSIDE:
        path, copy = environment.source / name, folder / name
        if path.is_file():
            copy.parent.mkdir(exist_ok=True)
            shutil.copy2(path, copy)
        elif path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
