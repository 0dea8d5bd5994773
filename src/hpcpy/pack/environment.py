"""An environment as it lies: of which kind it is, its commands, what activation sets."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError

# What each node has of its own: it is not packed, and no call there asks a shared disk.
ON_THE_NODE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt/hpcpy"),
    *("/proc", "/sys", "/dev", "/run", "/var"),
)
_CONFIG_LINE = re.compile(r"[^\n=\0]+=[^\n\0]*")
_OF_THE_SHELL = ("SHLVL", "_", "PWD", "OLDPWD", "HOME", "CONDA_SHLVL", "CONDA_PROMPT_MODIFIER")
# Marks what a variable held before.
_BEFORE = "@before@"


@dataclass(frozen=True)
class Environment:
    """A folder with ``bin/``, and what belongs to it."""

    prefix: Path
    kind: str
    # Where its files are: the prefix, or the folder that was unpacked from it.
    source: Path
    # Its base Python, and what was given by --with.
    others: tuple[Path, ...]

    @property
    def trees(self) -> tuple[Path, ...]:
        """The folders that are packed."""
        return (self.source, *self.others)

    @property
    def inside(self) -> tuple[str, ...]:
        """The folders that need nothing of outside."""
        return (*map(str, {self.prefix, *self.trees}), *ON_THE_NODE)

    def commands(self) -> list[str]:
        """Return the names in ``bin/`` that can be started."""
        # A link may lead to a path that is only in the image.
        return sorted(
            path.name
            for path in (self.source / "bin").iterdir()
            if path.is_symlink() or (path.is_file() and os.access(path, os.X_OK))
        )


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
    if re.search(r"[\s:,=\\\"'$]", str(prefix)):
        raise UsageError(
            f"{given}: a path with a blank, a quote or one of : , = $ cannot be packed"
        )
    if prefix == Path.home() or is_below(str(prefix), ("/usr", "/etc")) or prefix.is_mount():
        raise UsageError(f"{given}: is no environment of its own")
    if Path(sys.base_prefix).is_relative_to(prefix) or Path(sys.prefix).is_relative_to(prefix):
        raise UsageError(
            f"{given}: has the Python that runs this",
            hint="deactivate it, or: /usr/bin/python3 hpcpy pack …",
        )
    return of(prefix, prefix, [_tree(folder) for folder in others])


def of(prefix: Path, source: Path, others: Sequence[Path]) -> Environment:
    """Return the environment of a prefix whose files are in a folder."""
    # Each once: a base Python may be given, too.
    folders = tuple(dict.fromkeys((*_base(source), *others)))
    return Environment(prefix, _kind(source), source, folders)


def _kind(prefix: Path) -> str:
    marks = {
        "conda-meta": "conda environment",
        "pyvenv.cfg": "virtual environment",
        ".spack": "Spack view",
        ".spack-db": "Spack tree",
    }
    return next((kind for mark, kind in marks.items() if (prefix / mark).exists()), "folder")


def _tree(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    return folder.resolve()


def _base(prefix: Path) -> list[Path]:
    """Return the installation of a virtual environment's Python, if no node has it of its own."""
    if not (prefix / "pyvenv.cfg").is_file() or not (prefix / "bin/python").exists():
        return []
    python = (prefix / "bin/python").resolve()
    home = python.parent.parent
    is_outside = not is_below(str(home), (*ON_THE_NODE, str(prefix)))
    # One that is packed itself is started by its own launcher.
    is_plain = python.parent.name == "bin" and python.name != "run"
    return [home] if is_outside and is_plain else []


def activation(environment: Environment) -> list[str]:
    """Return the lines of a configuration that set what ``conda run`` would set."""
    prefix, source = environment.prefix, environment.source
    if not (source / "conda-meta").is_dir():
        return []
    before = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}
    before |= {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": prefix.name}
    before |= {"CONDA_SHLVL": "1", "LD_LIBRARY_PATH": _BEFORE}
    names = sorted(path.name for path in (source / "etc/conda/activate.d").glob("*.sh"))
    scripts = (shlex.quote(f"{prefix}/etc/conda/activate.d/{name}") for name in names)
    text = "".join(f". {script} >&2\n" for script in scripts) + "exec env -0\n"
    # They look for files in the prefix.
    place = [] if source == prefix else [prefix / ".pack/run", source]
    done = subprocess.run(
        [*place, "/bin/bash", "-c", text], env=before, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise UnavailableError(f"activation scripts of {prefix} end with {done.returncode}")
    entries = done.stdout.decode(errors="surrogateescape").split("\0")
    after = dict(entry.partition("=")[::2] for entry in entries if "=" in entry)
    state = source / "conda-meta/state"
    if state.is_file():
        after |= json.loads(state.read_text(encoding="utf-8")).get("env_vars", {})
    lines = [f"prepend PATH={prefix}/bin"]
    for name, value in sorted(after.items()):
        if name in (*_OF_THE_SHELL, "PATH") or not _CONFIG_LINE.fullmatch(f"{name}={value}"):
            continue
        if _BEFORE in value:
            own = [part for part in value.split(":") if part not in ("", _BEFORE)]
            lines += [f"prepend {name}={folder}" for folder in reversed(own)]
        else:
            lines.append(f"set {name}={value}")
    return lines
