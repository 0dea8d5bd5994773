"""What the activation of a conda environment sets: its scripts are run where it is packed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.programs import captured
from hpcpy.pack.environment import Environment

_OF_THE_SHELL = {"", "SHLVL", "_", "PWD", "OLDPWD", "HOME", "PATH"}
_OF_THE_NODE = ":/usr/bin:/bin"
# conda's value of a variable that is to be removed.
_UNSET = "***unset***"
_ACTIVATE = """
shopt -s nullglob
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script" >&2; done
exec env -0
"""
_SECONDS = 300


def activation(environment: Environment) -> list[str]:
    """Return the entries of a configuration that set what ``conda run`` would set."""
    prefix = environment.prefix
    if not (environment.source / "conda-meta").is_dir():
        return []
    settings = _settings(environment.source)
    given = {name: value for name, value in settings.items() if value != _UNSET}
    before = (
        f"PATH={prefix}/bin{_OF_THE_NODE}",
        f"HOME={Path.home()}",
        f"CONDA_PREFIX={prefix}",
        f"CONDA_DEFAULT_ENV={prefix.name}",
        *(f"{name}={value}" for name, value in given.items()),
    )
    command = [*at_its_place(environment), "env", "-i", *before, "/bin/bash", "-c", _ACTIVATE]
    done = captured(command, seconds=_SECONDS)
    after = dict(entry.partition("=")[::2] for entry in done.stdout.split("\0"))
    # A script that exits ends all, with whatever code.
    if done.returncode or "PATH" not in after:
        last = done.stderr.strip().splitlines()[-1:]
        failed = f"activation scripts of {prefix} end with {done.returncode}"
        raise UnavailableError(": ".join((failed, *last)))
    # A script may have removed what a package sets.
    removed = sorted(settings.keys() - after.keys())
    lines = [f"+PATH={after['PATH'].partition(_OF_THE_NODE)[0]}"]
    lines += [f"-{name}" for name in removed]
    for name, value in sorted(after.items()):
        if name == "LD_LIBRARY_PATH":
            # The host's folders, of its MPI, follow.
            lines += [f"+{name}={folders}"] if (folders := value.strip(":")) else []
        elif name not in _OF_THE_SHELL:
            lines.append(f"{name}={value}")
    return lines


def _settings(source: Path) -> dict[str, str]:
    """Return the variables of packages and, of the same names, those of ``conda env config``."""
    settings: dict[str, str] = {}
    state = source / "conda-meta/state"
    for file in (*sorted((source / "etc/conda/env_vars.d").glob("*.json")), state):
        try:
            given = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
            variables = given.get("env_vars", {}) if file == state else given
            settings |= {name: str(value) for name, value in variables.items()}
        except (ValueError, AttributeError) as error:
            raise UsageError(f"{file}: has no JSON of conda's variables ({error})") from error
    return settings


def at_its_place(environment: Environment) -> list[str]:
    """Return what starts a command where the environment's files lie in its prefix."""
    if environment.source == environment.prefix:
        return []
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    script = 'mount --bind "$0" "$1" && PATH=$1/bin:$PATH && shift && exec "$@"'
    folders = [str(environment.source), str(environment.prefix)]
    return ["unshare", *user, "--mount", "sh", "-c", script, *folders]
