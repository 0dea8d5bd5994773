"""What a row says of memory, against blocks of a known size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import python

from workloads.harness import allocations, memory

_BLOCK = 96 << 20
_HOLDS = f"block = bytearray({_BLOCK}); print(flush=True); input()"


def test_a_peak_is_told_after_the_memory_is_free_and_forgotten_at_the_next_row() -> None:
    assert memory.begin()
    before = memory.peaks()[0]
    block = bytearray(_BLOCK)
    del block
    assert memory.peaks()[0] >= before + _BLOCK // 2
    assert memory.begin()
    assert memory.peaks()[0] < before + _BLOCK // 2


# A shell that stays between them, as Dask's nannies do.
_COUNTS = f"""
import subprocess, sys
from workloads.harness import allocations, memory
words = ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", {_HOLDS!r}]
with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(*memory.peaks())
    child.communicate(b"\\n")
"""


# In processes of their own: other tests leave children to this one.
def test_children_and_theirs_count() -> None:
    found = [int(peak) for peak in python("-c", _COUNTS).stdout.split()]
    assert len(found) == 3
    assert max(found[1:]) >= _BLOCK


def test_the_json_has_a_number_for_each_process(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    words = ["-n", "1000", "--impl", "python,multiprocessing", "--workers", "2"]
    assert python("-m", "workloads", "pi", *words, "--json", report).returncode == 0
    alone, pool = (each["memory"] for each in json.loads(report.read_text())["results"])
    assert len(alone) == 1
    # The fork server, its two workers and, where it is up, the tracker of semaphores.
    assert len(pool) in (4, 5)
    assert min(alone + pool) > 1 << 20


def test_without_the_kernels_help_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_PROCESSES", tmp_path)
    assert not memory.begin()
    assert memory.peaks() == []


def _holds_for_a_moment() -> int:
    block = bytearray(3 << 20)
    return len(block)


def test_a_profile_names_the_line_of_what_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocations, "_OURS", str(Path(__file__).parent))
    profile = allocations.Memory("")
    for _ in range(2):
        with profile.measure():
            assert _holds_for_a_moment() == 3 << 20
    profile.save(str(tmp_path / "part"))
    profile.merge([str(tmp_path / "part")], tmp_path / "told")
    told = (tmp_path / "told").read_text()
    size, _, where, source = told.splitlines()[3].split(maxsplit=3)
    # The larger of the two measurements, and not their sum.
    assert float(size) == pytest.approx(3, abs=0.01)
    assert source == "block = bytearray(3 << 20)"
    assert f"{Path(__file__).name}:" in where
    assert told.startswith("rank 0: 3.0")
    assert "allocations.py" not in told


def test_a_profile_of_memory_leaves_the_answer(tmp_path: Path) -> None:
    profile, reports = tmp_path / "pi.txt", [tmp_path / "with", tmp_path / "without"]
    words = ["-m", "workloads", "pi", "-n", "1000", "--impl", "python", "--json"]
    assert python(*words, reports[0], "--profile", "memory", profile).returncode == 0
    assert python(*words, reports[1]).returncode == 0
    answers = [json.loads(file.read_text())["results"][0]["answer"] for file in reports]
    assert answers[0] == answers[1]
    assert profile.read_text().startswith("rank 0: ")
