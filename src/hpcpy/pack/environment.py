"""An environment as it lies: its folders, what leads out of them, and what its activation sets."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.stages import say

# What each node has of its own: it is not packed, and no call there asks a shared disk.
ON_THE_NODE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt/hpcpy"),
    *("/proc", "/sys", "/dev", "/run", "/var", "/selinux"),
)
_ODD = re.compile(r"[\s:,=\\\"'$]")
# What leads out -> what to do.
_ADVICE = {
    "link": "its target must stay; --with FOLDER packs it too",
    "editable install": "it must stay: pip install it, no -e",
    "RUNPATH": "libraries are looked for there: --with FOLDER, or build it again",
}
# Of each kind that are printed.
_SHOWN = 3
_PATHS = re.compile(r"(?:^|['\"])(/[^'\"\s,:]+)", re.MULTILINE)
_RUN_PATHS = re.compile(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]")
# xargs's exit code.
_NOT_FOUND = 127
_OF_THE_SHELL = {"", "SHLVL", "_", "PWD", "OLDPWD", "HOME", "PATH"}
_ACTIVATE = """
shopt -s nullglob
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script" >&2; done
exec env -0
"""


class Environment(NamedTuple):
    """A folder with ``bin/``, and what belongs to it."""

    prefix: Path
    # Where its own files are: in an update in another folder than its prefix.
    source: Path
    # Each folder that is packed, by its place, the environment's last: a base Python, what was
    # given by --with.
    folders: Mapping[Path, Path]


def is_below(path: str, folders: Sequence[str]) -> bool:
    """Tell whether a path is in one of some folders."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def refuse_others(prefix: Path) -> None:
    """Refuse a folder that is no environment, or that this program needs itself."""
    if not (prefix / "bin").is_dir():
        raise UsageError(f"{prefix}: has no folder bin", hint="give the folder of an environment")
    if prefix == Path.home() or is_below(str(prefix), ("/usr", "/etc")) or prefix.is_mount():
        raise UsageError(f"{prefix}: is no environment of its own")
    if any(Path(own).is_relative_to(prefix) for own in (sys.prefix, sys.base_prefix)):
        hint = "deactivate it, or: /usr/bin/python3 hpcpy pack …"
        raise UsageError(f"{prefix}: has the Python that runs this", hint=hint)


def read(prefix: Path, source: Path, others: Sequence[Path]) -> Environment:
    """Return the environment of a prefix whose files are in a folder."""
    for folder in others:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder")
    folders = {path.resolve(): path.resolve() for path in (*_base(source), *others)}
    for place in (*folders, prefix):
        if _ODD.search(str(place)):
            raise UsageError(f"{place}: a path with a blank, a quote or : , = $ cannot be packed")
    return Environment(prefix, source, {**folders, prefix: source})


def _base(prefix: Path) -> list[Path]:
    """Return the installation of a virtual environment's Python, if no node has it of its own."""
    python = (prefix / "bin/python").resolve()
    home = python.parent.parent
    is_outside = not is_below(str(home), (*ON_THE_NODE, str(prefix)))
    # One that is packed itself is started by its own launcher.
    is_plain = (prefix / "pyvenv.cfg").is_file() and python.parent.name == "bin"
    return [home] if is_outside and is_plain else []


def look(environment: Environment) -> str:
    """Say what leads out of an environment; return how much it holds."""
    paths = [path for tree in environment.folders.values() for path in tree.rglob("*")]
    places = (*environment.folders, *environment.folders.values())
    inside = (*map(str, places), *ON_THE_NODE)
    found: dict[str, list[str]] = {kind: [] for kind in _ADVICE}
    for kind, path, target in _targets(paths):
        # What is not there is neither imported nor loaded; $ORIGIN is inside.
        # Path.exists would raise where this user may not look.
        is_there = target.startswith("/") and os.path.exists(target)  # noqa: PTH110
        if is_there and not is_below(os.path.normpath(target), inside):
            found[kind].append(f"{path} -> {target}")
    for kind, texts in found.items():
        for text in texts[:_SHOWN]:
            say(f"{kind} out of the environment: {text}: {_ADVICE[kind]}")
        if len(texts) > _SHOWN:
            say(f"… and {len(texts) - _SHOWN} more like the last")
    return f"{len(paths):,} entries, {sum(path.lstat().st_size for path in paths) / 1e6:,.0f} MB"


def _targets(paths: Iterable[Path]) -> Iterator[tuple[str, object, str]]:
    """Yield the paths that files name, as far as a link, Python or the loader goes there."""
    programs = []
    for path in paths:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield "link", path, os.path.normpath(path.parent / path.readlink())
        elif not stat.S_ISREG(mode):
            continue
        elif path.suffix == ".pth" or "__editable__" in path.name:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from (("editable install", path, other) for other in _PATHS.findall(text))
        elif ".so" in path.name or mode & stat.S_IXUSR:
            programs.append(path)
    for program, other in _run_paths(programs):
        yield "RUNPATH", program, other


def _run_paths(programs: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield the folders in which programs look for libraries, as readelf prints them."""
    # Of one file alone it prints no name.
    command = ["xargs", "-0", "env", "LC_ALL=C", "readelf", "--dynamic", "/dev/null"]
    names = b"\0".join(map(os.fsencode, programs))
    done = subprocess.run(command, input=names, capture_output=True, check=False)
    if done.returncode == _NOT_FOUND:
        say("no readelf here: no RUNPATH was looked at")
    name = ""
    for line in os.fsdecode(done.stdout).splitlines():
        name = line.removeprefix("File: ") if line.startswith("File: ") else name
        if found := _RUN_PATHS.search(line):
            yield from ((name, folder) for folder in found[1].split(":"))


def activation(environment: Environment) -> list[str]:
    """Return the lines of a configuration that set what ``conda run`` would set."""
    prefix, meta = environment.prefix, environment.source / "conda-meta"
    if not meta.is_dir():
        return []
    before = (
        f"PATH={prefix}/bin:/usr/bin:/bin",
        f"HOME={Path.home()}",
        f"CONDA_PREFIX={prefix}",
        f"CONDA_DEFAULT_ENV={prefix.name}",
    )
    command = [*at_its_place(environment), "env", "-i", *before, "/bin/bash", "-c", _ACTIVATE]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise UnavailableError(f"activation scripts of {prefix} end with {done.returncode}")
    entries = done.stdout.decode(errors="surrogateescape").split("\0")
    after = dict(entry.partition("=")[::2] for entry in entries)
    if (meta / "state").is_file():
        after |= json.loads((meta / "state").read_text(encoding="utf-8")).get("env_vars", {})
    lines = [f"+PATH={prefix}/bin"]
    for name, value in sorted(after.items()):
        if name == "LD_LIBRARY_PATH":
            # The host's folders, of its MPI, follow.
            lines += [f"+{name}={folders}"] if (folders := value.strip(":")) else []
        elif name not in _OF_THE_SHELL and "\n" not in value:
            lines.append(f"{name}={value}")
    return lines


def at_its_place(environment: Environment) -> list[str]:
    """Return what starts a command where the environment's files lie in its prefix."""
    if environment.source == environment.prefix:
        return []
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    script = 'mount --bind "$0" "$1" && PATH=$1/bin:$PATH && shift && exec "$@"'
    folders = [str(environment.source), str(environment.prefix)]
    return ["unshare", *user, "--mount", "sh", "-c", script, *folders]
