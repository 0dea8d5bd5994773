"""Checkpoints of heat: after a kill, by other ranks, without room, damaged, another plate's."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from altered import altered
from test_heat import CHECKPOINTED, solved

from running import in_own_process, printed, refusal, start_ranks, wait_until, workload_on
from tiers import sampled

FILES = [f"plate{ending}" for ending in CHECKPOINTED]


def checkpoint(size: int, path: Path, tmp_path: Path, *options: Any) -> dict[str, Any]:
    return solved(size, [CHECKPOINTED[path.suffix]], tmp_path, "--checkpoint", path, *options)[0]


def words_for(path: Path) -> list[Any]:
    return ["--impl", CHECKPOINTED[path.suffix], "--checkpoint", path]


def ranks_of(parent: int) -> list[int]:
    """Return the processes of the ranks: the children of mpiexec's proxy."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        found += Path(f"/proc/{child}/task/{child}/children").read_text().split()
    return [*map(int, found)]


def steps_in(path: Path) -> int:
    if path.suffix == ".npy":
        return int(np.load(path)["steps"])
    code = "import h5py, sys; print(h5py.File(sys.argv[1])['field'].attrs['steps'])"
    return int(printed(in_own_process(sys.executable, "-c", code, path)))


@pytest.mark.parametrize("name", FILES)
def test_a_killed_run_goes_on_with_another_number_of_ranks(name: str, tmp_path: Path) -> None:
    path, options = tmp_path / name, ["-n", 101, "--steps", 100_000, "--every", 20]
    job = start_ranks(3, "-m", "workloads", "heat", *words_for(path), *options)
    try:
        # Within a checkpoint: a file of each kind is there.
        wait_until(lambda: [*tmp_path.glob(f".plate.*{path.suffix}")], job)
        wait_until(path.exists, job)
        for rank in ranks_of(job.pid):
            os.kill(rank, signal.SIGKILL)
    finally:
        job.kill()
        job.communicate()
    has = steps_in(path)
    assert has % 20 == 0
    options[3] = has + 200
    again = checkpoint(2, path, tmp_path, *options)
    assert again["note"] == f"went on from step {has}"
    assert again["work"] == 101**2 * 200
    assert again["answer"] == solved(1, ["numpy"], tmp_path, *options[:4])[0]["answer"]
    assert steps_in(path) == has + 200
    # What was begun when the ranks were killed has gone, too.
    assert [one.name for one in tmp_path.glob("*plate*")] == [name]
    # Complete: nothing is left to be done, and a repetition begins anew.
    assert checkpoint(1, path, tmp_path, *options)["answer"] == again["answer"]


@pytest.mark.long  # it stops a rank at a moment
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rank", [0, 2])
def test_a_stop_of_any_rank_leaves_no_part_of_a_checkpoint(
    rank: int, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    options = ["-n", 401, "--steps", 100_000, "--every", 5]
    job = start_ranks(3, "-m", "workloads", "heat", *words_for(path), *options)
    try:
        wait_until(path.exists, job)
        wait_until(lambda: [*tmp_path.glob(f".plate.*{path.suffix}")], job)
        os.kill(ranks_of(job.pid)[rank], signal.SIGTERM)
        _, said = job.communicate()
    finally:
        job.kill()
        job.communicate()
    assert job.returncode == 143
    assert "FAILED" not in said
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("first", "every"), [(33, 7), (999, 10)])
def test_until_ends_at_the_step_of_a_run_without_a_stop(
    first: int, every: int, tmp_path: Path
) -> None:
    path, options = tmp_path / "plate.h5", ["-n", 20, "--steps", 5000, "--until", 1e-4]
    (plain,) = solved(1, ["numpy"], tmp_path, *options)
    assert plain["work"] == 20**2 * 510
    until = options[4:] if first == 999 else ()  # which ends sooner
    checkpoint(2, path, tmp_path, "-n", 20, "--steps", first, "--every", every, *until)
    # Again, too, where there is nothing left to be done.
    for _ in range(2):
        again = checkpoint(2, path, tmp_path, *options, "--every", every)
        assert again["answer"] == plain["answer"]
        assert steps_in(path) == 510


@pytest.mark.parametrize("name", FILES)
def test_a_checkpoint_without_room_ends_all_ranks_and_leaves_the_one_before(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    checkpoint(2, path, tmp_path, "-n", 99, "--steps", 10)
    content = path.read_bytes()
    full = "import shutil\nshutil.disk_usage = lambda _: shutil._ntuple_diskusage(9, 0, 9)"
    done = altered(2, full, "heat", *words_for(path), "-n", "99", "--steps", "20")
    assert done.returncode == 73
    assert done.stderr.count("0.1 MB are needed at most, and 0.0 are free") == 1
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.glob("*plate*")] == [name]


@pytest.mark.parametrize(
    "damage",
    [
        "file['field'].attrs['steps'] = 'many'",
        "file['field'].attrs['steps'] = 29",
        "file['field'][3, 4] = float('nan')",
        "del file['field']; file.create_group('field').attrs.update(n=9, r=0.2, steps=3)",
        "at = file['field'].id.get_chunk_info(4).byte_offset; file.close(); "
        "raw = open(path, 'r+b'); raw.seek(at + 9); raw.write(b'xy'); raw.close()",
        "file.close(); open(path, 'w').write('other data')",
    ],
)
def test_a_damaged_checkpoint_is_refused_before_the_run(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "plate.h5"
    checkpoint(1, path, tmp_path, "-n", 9, "--steps", 30)
    code = f"import h5py, sys; path = sys.argv[1]; file = h5py.File(path, 'r+'); {damage}"
    printed(in_own_process(sys.executable, "-c", code, path))
    content = path.read_bytes()
    assert_refused(path)
    assert path.read_bytes() == content


def assert_refused(path: Path) -> None:
    line = refusal(workload_on(2, "heat", *words_for(path), "-n", 9, "--steps", 40))
    assert f"--checkpoint {path}" in line
    assert "remove it, or name another file" in line


def flipped(at: int) -> Any:
    """Return a function that changes a bit of a byte, counted from the end if `at` is negative."""
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at:][1:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda _: b"other data",
        flipped(3),  # of the format's name
        flipped(-8 * 11**2 - 16),  # of the steps
        flipped(-8 * 60 + 7),  # of the field, the last of a number's bytes
    ],
)
def test_a_damaged_npy_file_is_refused_before_the_run(damage: Any, tmp_path: Path) -> None:
    path = tmp_path / "plate.npy"
    checkpoint(2, path, tmp_path, "-n", 9, "--steps", 30)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    assert_refused(path)
    assert path.read_bytes() == content


# 4 ranks have strips of other sizes, and 9 a row each.
@pytest.mark.parametrize(("wrote", "reads"), sampled([(1, 3), (2, 1), (3, 2), (4, 9), (9, 4)]))
def test_a_view_has_the_field_that_others_have(wrote: int, reads: int, tmp_path: Path) -> None:
    path, options = tmp_path / "plate.npy", ["-n", 9, "--every", 7, "--steps"]
    for size, steps in (wrote, 20), (reads, 41):
        checkpoint(size, path, tmp_path, *options, steps)
        solved(1, ["numpy"], tmp_path, "-n", 9, "--steps", steps, "--out", tmp_path / "numpy.npy")
        record = np.load(path)
        assert record["field"].tobytes() == np.load(tmp_path / "numpy.npy").tobytes()
        assert (record["n"], record["r"], record["steps"]) == (9, 0.2, steps)


@pytest.mark.parametrize("name", FILES)
def test_a_checkpoint_of_another_plate_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    checkpoint(1, path, tmp_path, "-n", 9, "--steps", 30)
    content = path.read_bytes()
    for options in (["-n", 10, "--steps", 30], ["-n", 9, "--steps", 20]):
        line = refusal(workload_on(2, "heat", *words_for(path), *options))
        assert f"--checkpoint {path} has 9 × 9 points after 30 steps" in line
    assert path.read_bytes() == content
