"""``make setup``: find the engines and tools, or provide them."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import GIB, require_free
from hpcpy.core.programs import captured
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import Stage, StageError, stage
from hpcpy.engine import prefix
from hpcpy.engine.tools import Found, Tool, all_groups, as_table, needed, on_path, program_version
from hpcpy_common.errors import UnavailableError

POLICY = Path("/usr/sbin/policy-rc.d")
INIT_SCRIPTS = Path("/etc/init.d")
# For apt: systemctl then makes and removes links, and asks the running systemd
# for nothing.  What maintainer scripts "start" stays off.
OFFLINE = {"SYSTEMD_OFFLINE": "1"}
_MARK = "# hpcpy: for the time of one installation"
# Another apt on the machine (unattended upgrades at boot) ends by itself.
LOCK_SECONDS = 120
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **OFFLINE}


def install_command(packages: Sequence[str]) -> list[str]:
    """Return what an administrator would type to install packages."""
    return ["apt-get", "install", "--no-install-recommends", *packages]


def why_not_install() -> str:
    """Return why this process may not install packages; empty when it may."""
    if os.environ.get("SETUP", "").lower() in ("no", "0", "false"):
        return "SETUP=no forbids it"
    if not shutil.which("apt-get"):
        return "this is not a Debian or Ubuntu"
    if os.geteuid() != 0:
        return "only root may"
    return ""


def missing_message(tools: Sequence[Tool], why_not: str) -> UnavailableError:
    """Return the error that names missing tools and what to type for them."""
    names = ", ".join(f"{tool.program} >= {tool.minimum}" for tool in tools)
    command = shlex.join(install_command(_packages(tools)))
    if shutil.which("apt-get"):
        hint = f"an administrator would type: {command}"
    else:
        hint = f"install them with the system's own means (on Debian: {command})"
    return UnavailableError(f"missing: {names}; not installed: {why_not}", hint=hint)


def _packages(tools: Sequence[Tool]) -> list[str]:
    return list(dict.fromkeys(tool.package for tool in tools))


def install(tools: Sequence[Tool]) -> None:
    """Install the packages of some tools, saying first which."""
    why_not = why_not_install()
    if why_not:
        raise missing_message(tools, why_not)
    packages = _packages(tools)
    require_free(Path("/usr"), GIB // 2, f"apt-get install {' '.join(packages)}")
    print("apt-get installs these packages (SETUP=no forbids it):", file=sys.stderr)
    for tool in tools:
        print(f"    {tool.package:18} {tool.program}: {tool.why}", file=sys.stderr)
    with no_daemon_starts(), stage("install packages with apt-get") as current:
        try:
            _install(packages, current)
        except StageError:
            # There are no lists, or they name files that the mirror no longer has.
            current.run(["apt-get", "update"], env=_QUIET)
            _install(packages, current)


def _install(packages: Sequence[str], current: Stage) -> None:
    program, *rest = install_command(packages)
    wait = ["-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    current.run([program, *wait, *rest], env=_QUIET)


def policy(process: int) -> str:
    """Return a ``policy-rc.d`` that forbids starts while a process lives, which may be killed."""
    return f"#!/bin/sh\n{_MARK}\nkill -0 {process} 2>/dev/null && exit 101\nexit 0\n"


@contextlib.contextmanager
def no_daemon_starts() -> Iterator[None]:
    """Keep packages that are installed in this context from starting a daemon, also at a boot."""
    # A policy-rc.d that is there is the administrator's, and stays.
    ours = not POLICY.exists() or _MARK in POLICY.read_text(errors="replace")
    before = {*INIT_SCRIPTS.glob("*")}
    if ours:
        POLICY.write_text(policy(os.getpid()))
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        for script in sorted({*INIT_SCRIPTS.glob("*")} - before):
            # It knows systemd's units, too.
            captured(["update-rc.d", script.name, "disable"], env={**os.environ, **OFFLINE})
        if ours:
            POLICY.unlink(missing_ok=True)


DEFAULT_GROUPS = ("build", "apptainer")


# The programs of some groups, by name.
Engine = Mapping[str, Found]


def ensure(*groups: str) -> Engine:
    """Find the tools of some groups, and provide those that are missing."""
    tools = needed(groups)
    programs = look_up(tools)
    missing = [tool for tool in tools if tool.program not in programs]
    own = [
        program.tool for program in programs.values() if program.path.is_relative_to(paths.TOOLS)
    ]
    if any(tool.program == "apptainer" for tool in (*missing, *own)):
        prefix.refuse_user()
    if not missing:
        return programs
    _refuse_readers(missing)
    with checkout_lock():
        if to_install := [tool for tool in missing if tool.provided == "apt"]:
            install(to_install)
        for tool in missing:
            if tool.provided == "prefix":
                prefix.provide()
    programs = look_up(tools)
    if short := [tool for tool in tools if tool.program not in programs]:
        raise missing_message(short, "this system's packages of them are older")
    return programs


def require(group: str) -> None:
    """Refuse to go on without the tools of a group: nothing is installed."""
    programs = look_up(tools := needed([group]))
    if missing := ", ".join(tool.program for tool in tools if tool.program not in programs):
        raise UnavailableError(f"missing: {missing}", hint=f"run: make setup TOOLS={group}")


def _refuse_readers(missing: Sequence[Tool]) -> None:
    # What is missing is made below build/: others would be told of its lock.
    there = next(path for path in (paths.BUILD, *paths.BUILD.parents) if path.exists())
    if os.access(there, os.W_OK):
        return
    names = ", ".join(tool.program for tool in missing)
    hint = "its owner types make setup, or put one on PATH"
    raise UnavailableError(f"{names}: not here, and you cannot write to {there}", hint=hint)


def look_up(tools: Sequence[Tool]) -> dict[str, Found]:
    """Return the usable tools: PATH first, then ``build/tools/bin``."""
    with ThreadPoolExecutor() as pool:  # each has to be started for its version
        on_paths = pool.map(on_path, tools)
        programs = {
            program.tool.program: program for program in on_paths if program and program.usable
        }
    for tool in tools:
        path = paths.TOOLS / "bin" / tool.program
        is_ours = tool.program not in programs and tool.provided != "apt" and path.exists()
        if not is_ours or not prefix.is_ready():
            continue
        version = program_version(path, tool.version_argument)
        program = Found(tool, path, version, "build/tools")
        if program.usable:
            programs[tool.program] = program
    return programs


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    default = f"(default: {' '.join(DEFAULT_GROUPS)})"
    help_ = f"of: {', '.join(all_groups())} {default}"
    parser.add_argument("groups", nargs="*", metavar="TOOLS", help=help_)


def main(options: argparse.Namespace) -> int:
    """Provide the tools of some groups and print what there is."""
    groups = tuple(options.groups) or DEFAULT_GROUPS
    problem: UnavailableError | None = None
    try:
        ensure(*groups)
    except UnavailableError as error:
        problem = error
    programs = look_up(needed(all_groups()))
    print(as_table(programs, groups))
    if problem:
        raise problem
    return 0
