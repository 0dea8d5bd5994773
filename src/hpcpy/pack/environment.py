"""An environment as it lies: its folders, who may read them, and what leads out of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import stat
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import NamedTuple

from hpcpy.core import paths
from hpcpy.core.files import all_below
from hpcpy.core.programs import captured
from hpcpy.core.stages import say
from hpcpy_common.errors import UnavailableError, UsageError
from hpcpy_common.machine import user_name

# What each node has of its own: it is not packed, and no call there asks a shared disk.
ON_THE_NODE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt/hpcpy"),
    *("/proc", "/sys", "/dev", "/run", "/var", "/selinux"),
)
_ODD = re.compile(r"[\s:,=\\\"'$\udc80-\udcff]")
# What leads out -> what to do.
_ADVICE = {
    "link": "its target must stay; --with FOLDER packs it too",
    "path in site-packages": "it must stay; --with FOLDER packs it too; of pip install -e: no -e",
}
_VENV, _PYTHONS = "pyvenv.cfg", ("python", "python3")
# So many of each kind are printed.
_SHOWN = 3
# A line that is a path, to Python below its file; of code what is quoted.
_PATHS = re.compile(r"^(?!import\s|#)[^'\"\n]+$|(?<=['\"])/[^'\"\n]+", re.MULTILINE)
# A Python's installation, before and after its name: the standard library, its own library.
_PARTS = (("lib*/", ""), ("lib*/lib", "*.so*"), ("bin/lib", "*.so*"))


class Environment(NamedTuple):
    """A folder with ``bin/``, and what belongs to it."""

    prefix: Path
    # Where its own files are: in an update in another folder than its prefix.
    source: Path
    # Each folder or file that is packed, by its place, the environment's last: those of a base
    # Python, what was given by --with.
    folders: Mapping[Path, Path]

    def at_place(self, path: Path) -> Path:
        """Return the path by which the user knows a file of the environment's own."""
        is_own = path.is_relative_to(self.source)
        return self.prefix / path.relative_to(self.source) if is_own else path


def is_below(path: str, folders: Sequence[str]) -> bool:
    """Tell whether a path is in one of some folders."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def refuse_others(prefix: Path) -> None:
    """Refuse a folder that is no environment, or that this program needs itself."""
    if not (prefix / "bin").is_dir():
        raise UsageError(f"{prefix}: has no folder bin", hint="give the folder of an environment")
    if is_below(str(prefix), ("/usr", "/etc")) or prefix.is_mount() or _is_home(prefix):
        raise UsageError(f"{prefix}: is no environment of its own")
    if any(Path(own).is_relative_to(prefix) for own in (sys.prefix, sys.base_prefix)):
        hint = "deactivate it, or start hpcpy by another Python"
        raise UsageError(f"{prefix}: has the Python that runs this", hint=hint)


def refuse_code_of_others(prefix: Path) -> None:
    """Refuse, as root, what is another user's: programs of what is packed are started."""
    trusted = {0, paths.ROOT.stat().st_uid}
    for path in (prefix, prefix / "bin", prefix / _SCRIPTS):
        if os.geteuid() == 0 and path.exists() and path.stat().st_uid not in trusted:
            owner = user_name(path.stat().st_uid)
            hint = "" if owner.isdecimal() else f"runuser -u {owner} -- {paths.CALLED} pack …"
            raise UnavailableError(f"{path}: is of {owner}, and root would start it", hint=hint)


def _is_home(folder: Path) -> bool:
    """Tell whether a folder is a home of the user's, or above it: all in it is private."""
    names = (os.path.expanduser(name) for name in ("~", f"~{user_name(os.geteuid())}"))  # noqa: PTH111
    return any(name[0] == "/" and Path(name).resolve().is_relative_to(folder) for name in names)


def read(prefix: Path, source: Path, others: Sequence[Path]) -> Environment:
    """Return the environment of a prefix whose files are in a folder."""
    for folder in others:
        if not os.path.exists(folder) or _is_home(folder.resolve()):
            raise UsageError(f"{folder}: there is no such folder, or it is a home")
    folders = {path.resolve(): path.resolve() for path in (*_base(source), *others)}
    for place in (*folders, prefix):
        if _ODD.search(str(place)):
            what = "a blank, a quote, : , = $ or bytes that are no UTF-8"
            raise UsageError(f"{place}: a path with {what} cannot be packed")
    return Environment(prefix, source, {**folders, prefix: source})


def _base(prefix: Path) -> list[Path]:
    """Return what belongs to a virtual environment's Python, if no node has it of its own."""
    # Where it is installed, in ~/.local or a site's folder, may be anything else.
    python = _python_of(prefix)
    home = python.parent.parent
    is_outside = not is_below(str(home), (*ON_THE_NODE, str(prefix)))
    # One that is packed itself is started by its own launcher.
    is_plain = os.path.isfile(prefix / _VENV) and python.parent.name == "bin"
    is_plain = is_plain and os.path.exists(python)
    if not is_outside or not is_plain:
        return []
    refuse_code_of_others(home)
    hidden = (path for path in home.glob(".*") if os.path.isdir(path) and path.name != ".spack")
    if _is_home(home) or any(hidden):
        hint = "make the virtual environment by a Python that has a folder of its own"
        raise UsageError(f"{home}: the base Python is in a home", hint=hint)
    names = [path.name for path in (prefix / "lib").glob("py*")]
    patterns = [f"{where}{name}{end}" for name in names for where, end in _PARTS]
    found = (sorted(glob(pattern, root_dir=home)) for pattern in patterns)
    return [python, *(home / name for names in found for name in names)]


def _python_of(prefix: Path) -> Path:
    """Return the Python that a virtual environment has its library from, else its own."""
    # A link to it may lead through other environments, or be a copy.
    text = (prefix / _VENV).read_text(errors="replace") if os.path.isfile(prefix / _VENV) else ""
    (home, *_) = [*re.findall(r"(?m)^home *= *(.*\S)", text), str(prefix / "bin")]
    names = [Path(folder, name) for folder in (home, prefix / "bin") for name in _PYTHONS]
    return next((name for name in names if os.path.exists(name)), names[0]).resolve()


def look(environment: Environment) -> str:
    """Say what leads out of an environment, and what is packed with it; return how much it is."""
    sizes: dict[Path, str] = {}
    entries: list[tuple[Path, os.stat_result]] = []
    for place, tree in environment.folders.items():
        each = [(path, path.lstat()) for path in [*all_below(tree)] or [tree]]
        size = sum(status.st_size for _, status in each) / 1e6
        sizes[place] = f"{len(each):,} entries, {size:,.0f} MB"
        entries += each
    for place in [*sizes][:-1]:
        say(f"packed with it: {place}: {sizes[place]}")
    _say_what_is_lost(environment, entries)
    inside = (*map(str, environment.folders), *ON_THE_NODE)
    leads: dict[str, list[str]] = {kind: [] for kind in _ADVICE}
    # conda's own folder has other environments.
    for inner in sorted(environment.source.glob("envs/*")):
        if os.path.isdir(inner / "bin"):
            end = "is an environment inside this one: outside of a start its commands vanish"
            say(f"{environment.at_place(inner)}: {end}")
    for kind, path, target in _targets(environment, entries):
        # What is not there is not imported.
        is_there = os.path.exists(target)
        # A venv's python leads to links beside the one that is packed.
        ends = (target, os.path.realpath(target))
        if is_there and not any(is_below(end, inside) for end in ends):
            leads[kind].append(f"{path} -> {target}")
    for kind, texts in leads.items():
        for text in texts[:_SHOWN]:
            say(f"{kind} out of the environment: {text}: {_ADVICE[kind]}")
        if len(texts) > _SHOWN:
            say(f"… and {len(texts) - _SHOWN} more like the last")
    return sizes[environment.prefix]


def _say_what_is_lost(
    environment: Environment, entries: Iterable[tuple[Path, os.stat_result]]
) -> None:
    """Name a file of each kind that the image cannot have as it is."""
    lost: dict[str, list[Path]] = defaultdict(list)
    for path, status in entries:
        if not 0 <= status.st_mtime < 1 << 32:
            lost["times before 1970 or after 2106"].append(path)
        # Others are the file system's own, or a label that it gives each file.
        with contextlib.suppress(OSError):
            for name in os.listxattr(path, follow_symlinks=False):
                if name.startswith(("user.", "security.capability")):
                    lost[f"attribute {name}"].append(path)
    for what, files in lost.items():
        more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
        say(f"the image has no {what}: {environment.at_place(files[0])}{more}")


def readers(environment: Environment, group: int) -> int:
    """Return the bits of those who may read each file, as of the mode of an image of a group."""
    bits = environment.source.stat().st_mode & 0o044
    for place, tree in environment.folders.items():
        above = [path for path in place.parents if not environment.prefix.is_relative_to(path)]
        for path in (*above, tree, *all_below(tree)):
            mode = open_to(path, group)
            if not path.is_symlink() and bits & ~mode:
                say(f"the image is closed to those who may not read {environment.at_place(path)}")
                bits &= mode
    return bits


def open_to(path: Path, group: int) -> int:
    """Return for whom a file can be read, or a folder entered, as bits of a file of a group."""
    status = path.lstat()
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        mode = (mode & 0o011) << 2
    if status.st_gid != group:
        # The group's members are others to it, and its own group's are others here.
        both = mode & mode >> 3 & 0o004
        mode = both << 3 | both
    return 0 if has_acl(path) else mode


def has_acl(path: Path) -> bool:
    """Tell whether a mode says less than the whole of who may read a file."""
    try:
        return bool(os.getxattr(path, "system.posix_acl_access", follow_symlinks=False))
    except OSError:
        return False


def _targets(
    environment: Environment, entries: Iterable[tuple[Path, os.stat_result]]
) -> Iterator[tuple[str, Path, str]]:
    """Yield the paths that files name, as far as a link or Python goes there."""
    for path, status in entries:
        place = environment.at_place(path)
        mode, is_named = status.st_mode, path.suffix == ".pth" or "__editable__" in path.name
        if stat.S_ISLNK(mode):
            yield "link", place, os.path.normpath(place.parent / path.readlink())
        elif stat.S_ISREG(mode) and is_named and status.st_size < 1 << 20:  # no model
            text = path.read_text(encoding="utf-8", errors="replace")
            for other in filter(str.isprintable, map(str.rstrip, _PATHS.findall(text))):
                yield "path in site-packages", place, os.path.normpath(place.parent / other)


_SCRIPTS = "etc/conda/activate.d"
# conda's value of a variable that is to be removed.
_UNSET = "***unset***"
# Bash gets it with a program and its words.  The launcher has kept BASH_ENV from this bash alone;
# a script may print where stderr is closed, and use any name.
_ACTIVATE = """\
[ -z "${HPCPY_PACK_BASH_ENV+x}" ] || export BASH_ENV="$HPCPY_PACK_BASH_ENV"
unset HPCPY_PACK_BASH_ENV
true >&2 || exec 2>/dev/null
_hpcpy_words=("$@")
set --
%s
builtin exec -a "${_hpcpy_words[0]}" "$0" "${_hpcpy_words[@]:1}"
"""
_SECONDS = 300


def variables(environment: Environment) -> list[str]:
    """Return the entries of a configuration that set what ``conda run`` sets before its scripts."""
    prefix = environment.prefix
    if not (environment.source / "conda-meta").is_dir():
        return []
    given = {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": prefix.name}
    given |= _settings(environment)
    return [
        f"+PATH={prefix}/bin",
        *(f"-{name}" if value == _UNSET else f"{name}={value}" for name, value in given.items()),
    ]


def activation(environment: Environment) -> str:
    """Return what bash runs before each program of an environment; nothing if it has no scripts."""
    # In conda's order, by bytes; what is in the image does not change.
    names = sorted(path.name for path in (environment.source / _SCRIPTS).glob("*.sh"))
    if not names:
        return ""
    lines = (f'. "$CONDA_PREFIX"/{_SCRIPTS}/{shlex.quote(name)} >&2' for name in names)
    script = _ACTIVATE % "\n".join(lines)
    values = [entry for entry in variables(environment) if entry[0] not in "+-"]
    values.append(f"PATH={environment.prefix}/bin:{os.environ['PATH']}")
    command = [*at_its_place(environment), "env", *values, "/bin/bash", "-c", script]
    done = captured([*command, "/bin/echo", "echo", "done"], seconds=_SECONDS)
    # A script that exits ends all, with whatever code, and so would each start.
    if done.returncode or done.stdout != "done\n":
        last = done.stderr.strip().splitlines()[-1:]
        failed = f"activation scripts of {environment.prefix} end with {done.returncode}"
        raise UnavailableError(": ".join((failed, *last)))
    return script


def _settings(environment: Environment) -> dict[str, str]:
    """Return the variables of packages and, of the same names, those of ``conda env config``."""
    settings: dict[str, str] = {}
    state = environment.source / "conda-meta/state"
    for file in (*sorted(environment.source.glob("etc/conda/env_vars.d/*.json")), state):
        try:
            given = json.loads(file.read_text(encoding="utf-8")) if os.path.isfile(file) else {}
            variables = given.get("env_vars", {}) if file == state else given
            settings |= {name: str(value) for name, value in variables.items()}
        except (OSError, ValueError, AttributeError) as error:
            place = environment.at_place(file)
            raise UsageError(f"{place}: has no JSON of conda's variables ({error})") from error
    return settings


def at_its_place(environment: Environment) -> list[str]:
    """Return what starts a command where the environment's files lie in its prefix."""
    if environment.source == environment.prefix:
        return []
    if not shutil.which("unshare"):
        raise UnavailableError("no unshare here", hint="install the package util-linux")
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    script = 'mount --bind "$0" "$1" && PATH=$1/bin:$PATH && shift && exec "$@"'
    folders = [str(environment.source), str(environment.prefix)]
    return ["unshare", *user, "--mount", "sh", "-c", script, *folders]
