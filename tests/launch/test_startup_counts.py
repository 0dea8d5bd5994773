"""The counts of starts: as in strace's own table, and the same in a container and from outside."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from hpcpy.engine.traced import traced
from measure.targets import WORK, container
from running import printed, run
from workloads.startup import calls
from workloads.startup.command import CASES

# Of these some are on a descriptor: strace's table does not tell them apart.
ON_DESCRIPTORS = {"newfstatat", "utimensat"}
# Folders, relative paths, a thread that opens, a process that changes folder.
BUSY = """
import os, shutil, subprocess, threading
folder = __file__ + ".d"
os.mkdir(folder)
os.chdir(folder)
with open("x", "w") as file:
    file.write("y" * 70_000)
thread = threading.Thread(target=lambda: open("x").read())
thread.start()
thread.join()
subprocess.run(["/bin/sh", "-c", "cd /; /bin/cat etc/hostname; exec /bin/ls -l /proc/self"])
os.utime("x"), os.rename("x", "z"), os.symlink("z", "l"), os.readlink("l"), os.getcwd()
os.listdir("."), os.access("none", os.R_OK), shutil.copyfile("z", "c")
os.path.exists("/usr/lib/none"), os.chdir("."), os.fchdir(os.open(folder, os.O_RDONLY))
descriptor = os.open(folder, os.O_RDONLY)
os.utime(descriptor), os.stat(descriptor), os.stat("z", dir_fd=descriptor)
os.mkdir("d"), os.rmdir("d"), os.link("z", "h"), os.truncate("z", 5), os.chmod("z", 0o600)
os.chdir("/")
shutil.rmtree(folder)
"""


def by_strace(strace: Path, command: list[str], table: Path) -> dict[str, int]:
    """Return how often each call of the class %file was made, but for getcwd."""
    options = ["-f", "-c", "-U", "name,calls", "-e", "trace=%file,getdents64", "-o", str(table)]
    run(strace, *options, *command, check=True)
    lines = [line.split() for line in table.read_text().splitlines()]
    counts = {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
    return {name: counts[name] for name in counts if name not in ("total", "getcwd")}


def test_counts_of_a_busy_program_are_straces(strace: Path, tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    command = [sys.executable, str(script)]
    found = traced(command, sys.executable)
    mine = Counter(call.name for call in found.paths)
    mine["getdents64"] = sum(call.kind == "getdents" for call in found.each)
    theirs = by_strace(strace, command, tmp_path / "table")
    assert {*mine} | {*theirs} >= {"execve", "openat", "mkdir", "readlink", "getdents64"}
    for name in {*mine} | {*theirs}:
        if name in ON_DESCRIPTORS:
            assert mine[name] <= theirs[name], name
        else:
            assert mine[name] == theirs.get(name, 0), name
    assert found.started.items() >= {"processes": 2, "threads": 1}.items()


@pytest.mark.long
def test_counts_of_every_case_are_the_same_from_outside_of_the_image(
    sif: str, tmp_path: Path
) -> None:
    python = container("hpcpy", Path(sif), tmp_path)
    options = ["--impl", "strace", "--json", str(WORK / "r.json")]
    printed(run(*python.command(["-m", "workloads", "startup", *options])))
    results = json.loads((tmp_path / "r.json").read_text())["results"]
    found = {result["problem"]: result["details"][-1] for result in results}
    assert list(found) == list(CASES)
    for name, case in CASES.items():
        outside = traced(python.command(case.arguments), python.program)
        assert found[name] == {**outside.started, **calls.summary(outside.each)}
