"""The programs of the course's page run in the image, and do what the page says of them."""

import re
import sys
from pathlib import Path

import pytest
from needed import need

from running import last_words, launcher, printed, run, start, surroundings, wait_until

PAGE = Path(__file__).parents[2] / "docs/tutorials/course-more.md"


def program(folder: Path, name: str, *changed: str) -> Path:
    """Write a program as a reader copies it; one that is to be quick has a line changed."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"(?ms)^`{name}`:\n\n```python\n(.*?)^```$", text)
    if changed:
        assert changed[0] in found
        found = found.replace(*changed)
    (folder / name).write_text(found)
    return folder / name


def test_a_triad_in_blocks_makes_no_array(tmp_path: Path) -> None:
    need("numpy", "numba")
    file = program(tmp_path, "triad.py", "N = 20_000_000", "N = 200_000")
    shown = printed(run(sys.executable, file, cwd=tmp_path))
    new = re.findall(r"(?m)^(\w+(?: \w+)?) .* ([\d.]+) MB new$", shown)
    assert [name for name, _ in new] == ["plain", "blocks", "one core", "all cores"]
    assert [name for name, size in new if float(size) > 1] == ["plain"]


def test_threads_that_look_and_act_make_a_table_more_than_once(tmp_path: Path) -> None:
    # On a busy machine a thread is late.
    file = program(tmp_path, "race.py", "sleep(0.1)", "sleep(2)")
    *made, counted = printed(run(sys.executable, file, cwd=tmp_path)).splitlines()
    assert len(made) > 1
    assert re.fullmatch(r"counted [\d,]+ of 800,000", counted)


def test_ranks_that_hang_write_their_stacks(tmp_path: Path) -> None:
    need("numpy", "mpi4py")
    file = program(tmp_path, "hang.py", "_later(5,", "_later(1,")
    hangs = re.compile(r"in send_down\n.* in around\n")
    stacks = [tmp_path / f"stack-{rank}.txt" for rank in range(2)]

    def is_written() -> bool:
        return all(stack.exists() and hangs.search(stack.read_text()) for stack in stacks)

    words = (*launcher(2), sys.executable, file)
    with start(*words, cwd=tmp_path, env=surroundings()) as job:
        wait_until(is_written, job)
        job.terminate()
        last_words(job)


@pytest.mark.parametrize("size", [2, 4])
def test_heat_on_several_devices_is_that_on_one(tmp_path: Path, size: int) -> None:
    need("numpy", "mpi4py")
    file = program(tmp_path, "two_gpus.py", "range(500)", "range(50)")
    means = [
        printed(run(*launcher(ranks), sys.executable, file, env=surroundings())).split()[-1]
        for ranks in (1, size)
    ]
    assert means[0] == means[1]
