"""An environment as it lies: its folders, its commands, what activation sets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError

# What each node has of its own: it is not packed, and no call there asks a shared disk.
ON_THE_NODE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt/hpcpy"),
    *("/proc", "/sys", "/dev", "/run", "/var", "/selinux"),
)
_ODD = re.compile(r"[\s:,=\\\"'$]")
_CONFIG_LINE = re.compile(r"[^\n=\0]+=[^\n\0]*")
_OF_THE_SHELL = {"SHLVL", "_", "PWD", "OLDPWD", "HOME", "PATH"}
# Marks what a variable held before.
_BEFORE = "@before@"


@dataclass(frozen=True)
class Environment:
    """A folder with ``bin/``, and what belongs to it."""

    prefix: Path
    # Each folder that is packed, by its place, the environment's last: a base Python, what was
    # given by --with.  An update has the environment's files in another folder than its prefix.
    folders: Mapping[Path, Path]

    @property
    def source(self) -> Path:
        """Where the environment's own files are."""
        return self.folders[self.prefix]

    def is_command(self, name: str) -> bool:
        """Tell whether a word is the name of a program in ``bin/``."""
        path = self.source / "bin" / name
        # A link may lead to a path that is only in the image.
        is_program = path.is_symlink() or (path.is_file() and os.access(path, os.X_OK))
        return is_program and "/" not in name


def is_below(path: str, folders: Sequence[str]) -> bool:
    """Tell whether a path is in one of some folders."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def read(given: Path, others: Sequence[Path] = ()) -> Environment:
    """Return the environment of a folder that is not packed, or say why that is none."""
    prefix = given.absolute()
    if prefix.resolve() != prefix:
        raise UsageError(f"{given}: is behind a link", hint=f"give {prefix.resolve()}")
    if not (prefix / "bin").is_dir():
        raise UsageError(f"{given}: has no folder bin", hint="give the folder of an environment")
    if prefix == Path.home() or is_below(str(prefix), ("/usr", "/etc")) or prefix.is_mount():
        raise UsageError(f"{given}: is no environment of its own")
    if Path(sys.base_prefix).is_relative_to(prefix) or Path(sys.prefix).is_relative_to(prefix):
        raise UsageError(
            f"{given}: has the Python that runs this",
            hint="deactivate it, or: /usr/bin/python3 hpcpy pack …",
        )
    return of(prefix, prefix, others)


def of(prefix: Path, source: Path, others: Sequence[Path]) -> Environment:
    """Return the environment of a prefix whose files are in a folder."""
    for folder in others:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder")
    folders = {path.resolve(): path.resolve() for path in (*_base(source), *others)}
    folders[prefix] = source
    for place in folders:
        if _ODD.search(str(place)):
            raise UsageError(f"{place}: a path with a blank, a quote or : , = $ cannot be packed")
    return Environment(prefix, folders)


def _base(prefix: Path) -> list[Path]:
    """Return the installation of a virtual environment's Python, if no node has it of its own."""
    if not (prefix / "pyvenv.cfg").is_file():
        return []
    python = (prefix / "bin/python").resolve()
    home = python.parent.parent
    is_outside = not is_below(str(home), (*ON_THE_NODE, str(prefix)))
    # One that is packed itself is started by its own launcher.
    return [home] if is_outside and python.parent.name == "bin" else []


def activation(environment: Environment) -> list[str]:
    """Return the lines of a configuration that set what ``conda run`` would set."""
    prefix, state = environment.prefix, environment.source / "conda-meta/state"
    if not state.parent.is_dir():
        return []
    before = {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": prefix.name,
        "LD_LIBRARY_PATH": _BEFORE,
    }
    scripts = 'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script" >&2; done'
    command = [*at_its_place(environment), "env", "-i"]
    command += [f"{name}={value}" for name, value in before.items()]
    command += ["/bin/bash", "-c", f"shopt -s nullglob; {scripts}; exec env -0"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise UnavailableError(f"activation scripts of {prefix} end with {done.returncode}")
    entries = done.stdout.decode(errors="surrogateescape").split("\0")
    after = dict(entry.partition("=")[::2] for entry in entries)
    if state.is_file():
        after |= json.loads(state.read_text(encoding="utf-8")).get("env_vars", {})
    lines = [f"+PATH={prefix}/bin"]
    for name in sorted(after.keys() - _OF_THE_SHELL):
        if not _CONFIG_LINE.fullmatch(f"{name}={after[name]}"):
            continue
        folders = [part for part in after[name].split(":") if part not in ("", _BEFORE)]
        if _BEFORE in after[name]:
            lines += [f"+{name}={folder}" for folder in reversed(folders)]
        else:
            lines.append(f"{name}={after[name]}")
    return lines


def at_its_place(environment: Environment) -> list[str]:
    """Return what starts a command where the environment's files lie in its prefix."""
    if environment.source == environment.prefix:
        return []
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    folders = [str(environment.source), str(environment.prefix)]
    return ["unshare", *user, "--mount", "sh", "-c", script, *folders]
