"""The startup workload counts what strace counts."""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.errors import UnavailableError
from hpcpy.measure.counts import Counts
from hpcpy.measure.targets import WORK, container
from hpcpy.measure.trace import traced
from workloads.startup.cases import CASES

# What only one of the two tells.
OWN = {"calls", "bytes_moved", "accounted", "folders"}
OWN_KINDS = {"getdents", "getcwd", "read", "copy", "descriptor", "memory", "signal"}
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


@pytest.fixture(autouse=True)
def _strace() -> None:
    if not look_up(needed(["measure"])):
        pytest.skip("no strace here; run: make setup TOOLS=measure")


def assert_same(found: Mapping[str, Any], by_strace: Counts) -> None:
    mine = {key: value for key, value in found.items() if key not in OWN}
    mine["kinds"] = {k: v for k, v in mine["kinds"].items() if k not in OWN_KINDS}
    assert mine == by_strace.summary()
    assert found["kinds"]["getdents"] == len(by_strace.listings)
    by_folder = Counter(posixpath.dirname(call.path) for call in by_strace.off_node)
    for folder, count, _ in found["folders"]:
        assert by_folder[folder] == count, folder


def by_workload(command: Sequence[str], report: Path) -> dict[str, Mapping[str, Any]]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    results = json.loads(report.read_text())["results"]
    return {result["problem"]: result["details"][-1] for result in results}


def test_counts_of_a_busy_program_are_straces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT / "src"))
    script, report = tmp_path / "busy.py", tmp_path / "r.json"
    script.write_text(BUSY)
    start = [sys.executable, "-m", "workloads", "startup", "--impl", "ptrace", "--json", report]
    found = by_workload([*map(str, start), "--case", "pass", "--", str(script)], report)
    for name, arguments in (("pass", ["-c", "pass"]), ("busy.py", [str(script)])):
        assert_same(
            found[name], traced([sys.executable, *arguments], sys.executable, cwd=str(Path.cwd()))
        )
    assert (found["busy.py"]["processes"], found["busy.py"]["threads"]) == (2, 1)


@pytest.mark.long
def test_counts_of_every_case_in_the_image_are_straces(tmp_path: Path) -> None:
    sif = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
    if not sif.exists():
        pytest.skip(f"{sif}: not there; run: make sif")
    try:
        find()
    except UnavailableError as error:
        pytest.skip(str(error))
    python = container("hpcpy", sif, tmp_path)
    options = ["--impl", "ptrace", "--json", str(WORK / "r.json")]
    command = python.command(["-m", "workloads", "startup", *options])
    found = by_workload(command, tmp_path / "r.json")
    assert list(found) == list(CASES)
    for name, case in CASES.items():
        counts = traced(python.command(case.arguments), python.program, cwd=str(WORK))
        assert_same(found[name], counts)
        assert found[name]["bytes_moved"] == found[name]["accounted"]
