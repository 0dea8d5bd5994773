"""Apptainer under a prefix: programs of Debian with a C library of their own."""

# It needs a newer one than many hosts have.  The loader's path in a program is absolute: a prefix
# works where it was made for, and is made anew when the checkout has moved.

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import MIB, disk_errors, relink, require_free, scratch_dir
from hpcpy.core.programs import captured
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import Stage, stage
from hpcpy.engine.tools import needed, on_path
from hpcpy.pins.model import ARCHITECTURES, Architecture, host_arch
from hpcpy_common.errors import UnavailableError
from hpcpy_common.machine import user_name

# Raised when the recipe below changes: older prefixes are then made anew.
RECIPE = 4
# Unpacked 110 MiB, twice while an old one makes way; its packages are half of that.
NEEDED = 300 * MIB

# What makes the prefix and is not in it, though in the set `engine` of env/debian.toml.
PATCHELF = frozenset(("patchelf", "libstdc++6"))

# What Apptainer starts by name: it looks into this folder of its own first,
# so that neither PATH nor the host's older versions matter.
HELPERS = (
    *("squashfuse_ll", "squashfuse", "mksquashfs", "unsquashfs"),
    *("fuse-overlayfs", "fusermount3", "fuse2fs", "gocryptfs"),
)


def prefix() -> Path:
    """Return the prefix's place, whether or not it is there."""
    return paths.TOOLS / "apptainer"


def command(program: str = "apptainer") -> Path:
    """Return the name under ``build/tools/bin`` of one of its programs."""
    return paths.TOOLS / "bin" / program


def stamp() -> str:
    """Return what tells a prefix made here by this recipe from any other."""
    return f"recipe {RECIPE}\nprefix {prefix()}\nmachine {platform.machine()}\n"


def is_ready() -> bool:
    """Tell whether the prefix is whole and was made for this place."""
    try:
        return (prefix() / "stamp").read_bytes() == stamp().encode() and command().exists()
    except OSError:
        return False


def provide() -> Path:
    """Make the prefix unless it is there; return its ``apptainer``."""
    if is_ready():
        return command()
    arch = ARCHITECTURES[host_arch()]
    with checkout_lock():
        if not is_ready():
            require_free(paths.TOOLS, NEEDED, "Apptainer")
            require_free(paths.cache_dir(), NEEDED // 2, "Apptainer's packages")
            for left in paths.TOOLS.glob(".apptainer.*"):  # of one that was killed
                shutil.rmtree(left, ignore_errors=True)
            with stage("provide Apptainer under build/tools") as current:
                _make(arch, current)
    return command()


def _make(arch: Architecture, current: Stage) -> None:
    """Build beside the final place and rename: whole or absent."""
    from hpcpy.fetch.artifacts import take  # noqa: PLC0415
    from hpcpy.fetch.deb import unpack  # noqa: PLC0415
    from hpcpy.fetch.debian import fetch_debs  # noqa: PLC0415  # for its one use

    debs = fetch_debs("engine", host_arch())
    with disk_errors(paths.TOOLS), scratch_dir(paths.TOOLS, ".apptainer") as scratch:
        made, patch = scratch / "prefix", scratch / "patchelf"
        for name, deb in debs.items():
            unpack(take(deb, scratch / deb.name), patch if name in PATCHELF else made)
        _use_own_loader(made, patch, arch, current)
        _link_places(made, arch)
        configure(made / "etc/apptainer")
        (made / "stamp").write_text(stamp())
        if prefix().exists():
            prefix().rename(scratch / "old")
        made.rename(prefix())
        for name in ("apptainer", "mksquashfs", "unsquashfs"):
            relink(command(name), prefix() / "usr/bin" / name)
    current.note = f"Apptainer {debs['apptainer'].name.split('_')[1]} from Debian"


def _use_own_loader(made: Path, patch: Path, arch: Architecture, current: Stage) -> None:
    loader, libraries = arch.loader, arch.libraries
    path = f"{made / libraries}:{patch / libraries}"
    patchelf: list[str | Path] = [made / loader, "--library-path", path, patch / "usr/bin/patchelf"]
    starter = made / libraries / "apptainer/bin/starter"
    programs = [made / "usr/bin" / name for name in ("apptainer", *HELPERS)]
    for program in [starter, *programs]:
        # RPATH, not RUNPATH: it goes before a user's LD_LIBRARY_PATH and
        # holds for the libraries' own libraries.
        own = ("--set-interpreter", prefix() / loader, "--force-rpath")
        current.run([*patchelf, *own, "--set-rpath", prefix() / libraries, program])


def _link_places(made: Path, arch: Architecture) -> None:
    # The command takes usr/ for its prefix, the starter usr/lib/.
    for place in ("etc", "var"):
        (made / "usr" / place).symlink_to(f"../{place}")
        (made / "usr/lib" / place).symlink_to(f"../../{place}")
    for name in HELPERS:
        helper = made / arch.libraries / "apptainer/bin" / name
        helper.symlink_to(os.path.relpath(made / "usr/bin" / name, helper.parent))


def bounding_set() -> list[str]:
    """Return the capabilities that this process may ever have; none without setpriv."""
    dump = captured(["setpriv", "--dump"], env={**os.environ, "LC_ALL": "C"}).stdout
    match = re.search(r"(?m)^Capability bounding set: (.+)$", dump)
    # One that setpriv does not know has a number.
    names = [name for name in match[1].split(",") if not name.startswith("cap_")] if match else []
    return [f"CAP_{name.upper()}" for name in names]


def configure(folder: Path) -> None:
    """Adapt the configuration that came with the package."""
    conf = folder / "apptainer.conf"
    text = conf.read_text()
    allowed = bounding_set()
    if allowed and len(allowed) <= int(Path("/proc/sys/kernel/cap_last_cap").read_text()):
        # By default root gets all; where the machine lacks one, no container starts.
        text = set_option(text, "root default capabilities", "file")
        (folder / "capability.json").write_text(json.dumps({"users": {"root": allowed}}, indent=2))
    if not Path("/run/systemd/system").is_dir():
        text = set_option(text, "systemd cgroups", "no")
    if not Path("/etc/localtime").exists():  # as on Alpine; no container would start
        text = text.replace("bind path = /etc/localtime\n", "")
    conf.write_text(text)


def set_option(text: str, key: str, value: str) -> str:
    """Return the text of an ``apptainer.conf`` with one option changed."""
    changed, count = re.subn(rf"(?m)^{re.escape(key)} =.*$", f"{key} = {value}", text)
    return changed if count else f"{text}\n{key} = {value}\n"


def refuse_user() -> None:
    """Refuse a user for whom no Apptainer starts, or none below this checkout."""
    if user_name(user := os.geteuid()) == str(user):
        what = f"Apptainer: unknown userid {user}: this user has no passwd entry"
        hint = f"be a user who has one, or have root add it: useradd --create-home -u {user} me"
        raise UnavailableError(what, hint=hint)
    # An ordinary user's mounts by FUSE below its own folder, and waits until the path is listed
    # as mounted.  The kernel escapes blanks there, so it fails or waits for ever.
    if user:
        what = "Apptainer below the checkout, started by an ordinary user,"
        paths.refuse_blanks(what, paths.TOOLS)


def find_apptainer() -> Path:
    """Return the path of an Apptainer that is recent enough."""
    tool = needed(["apptainer"])[0]
    present = on_path(tool)
    if present and present.usable:
        return present.path
    refuse_user()
    if is_ready():
        return command()
    hint = f"name the site's module of it in a site file ({paths.CALLED} docs sites)"
    if paths.IS_CHECKOUT:
        hint = f"make setup, or {hint}"
    raise UnavailableError(f"no Apptainer >= {tool.minimum} here", hint=hint)
