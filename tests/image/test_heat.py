"""Heat on a plate: the same bytes by all techniques, on any ranks; wrong answers, outputs."""

import json
import multiprocessing
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from altered import altered
from needed import need

from running import printed, refusal, workload_on
from tiers import sampled
from workloads.__main__ import main
from workloads.heat.plate import Plate
from workloads.heat.registry import CHECKPOINTS, TECHNIQUES

ON_RANKS = [
    name for name, one in TECHNIQUES.items() if one.parallel == "ranks" and name not in CHECKPOINTS
]
# Each has a format of its own.
CHECKPOINTED = {".h5": "mpi-checkpoint", ".npy": "mpi-view"}
# The image has no jax: tests/packages runs it beside the image's Python.
ALONE = [
    name
    for name, one in TECHNIQUES.items()
    if one.parallel not in ("ranks", "device") and name != "dask"
    if name != "jax" or not one.why_not()
]


def solved(size: int, names: Sequence[str], tmp_path: Path, *options: Any) -> list[dict[str, Any]]:
    report = tmp_path / "heat.json"
    words = ["--impl", ",".join(names), "--repeat", 1, "--json", report, *options]
    printed(workload_on(size, "heat", *words))
    results: list[dict[str, Any]] = json.loads(report.read_text())["results"]
    assert [one["impl"] for one in results] == list(names)
    assert all(one["ok"] for one in results)
    return results


@pytest.mark.parametrize(("n", "steps"), sampled([(7, 21), (33, 40), (64, 11)], 2))
def test_every_technique_gives_the_same_bytes(n: int, steps: int, tmp_path: Path) -> None:
    options = ["-n", n, "--steps", steps]
    if n == 33:
        need("dask")
    alone = solved(1, [*ALONE, *(["dask"] if n == 33 else [])], tmp_path, *options, "--workers", 3)
    answers = {one["answer"] for one in alone}
    for size in (1, 2, 3, 4, 7) if n == 7 else (3,):
        results = solved(size, ON_RANKS, tmp_path, *options)
        assert {one["workers"] for one in results} == {size}
        answers |= {one["answer"] for one in results}
    assert len(answers) == 1


def test_all_end_at_the_same_step_where_nothing_changes_any_more(tmp_path: Path) -> None:
    options = ["-n", 21, "--steps", 100_000, "--until", 1e-6]
    results = solved(1, ["python", "numpy", "numba"], tmp_path, *options)
    results += solved(3, ON_RANKS, tmp_path, *options)
    # Those that go on from a step at which nobody looks.
    for ending, name in CHECKPOINTED.items():
        file = ["--checkpoint", tmp_path / f"plate{ending}"]
        solved(2, [name], tmp_path, "-n", 21, "--steps", 13, *file)
        results += solved(3, [name], tmp_path, *options, *file)
    (steps,) = {one["details"][0]["steps"] for one in results}
    assert 10 < steps < 100_000
    assert steps % 10 == 0
    assert len({one["answer"] for one in results}) == 1


@pytest.mark.parametrize(("longer", "fraction"), [(4, 4), (1, 16)])
def test_the_error_at_half_the_distance(longer: int, fraction: int) -> None:
    errors = []
    for level, n in enumerate((127, 255, 511)):
        # A step is a fourth as long: after four times the steps it is the same time.
        plate, steps = Plate(n, 0), 40 * longer**level
        scheme, true = (plate.exact(steps, scheme=each) for each in (True, False))
        errors.append(abs(scheme - true).max())
    assert errors[0] / errors[1] == pytest.approx(fraction, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(fraction, rel=0.1)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("from workloads.heat import mpi\n"
         "mpi.Strip.exchange = lambda *_: None", "differs from the scheme's solution"),
        # A halo of the step before: off by next to nothing.
        ("from workloads.heat import mpi\n"
         "own = mpi.Strip.exchange\n"
         "def late(strip, old, seen=[0]):\n"
         "    seen[0] += 1\n"
         "    seen[0] == 9 or own(strip, old)\n"
         "mpi.Strip.exchange = late", "differs from the scheme's solution"),
        ("own = compiled.sweep\n"
         "def fused(old, new, first, last):\n"
         "    own(old, new, first, last)\n"
         "    new[1, 1] = numpy.nextafter(new[1, 1], 9)\n"
         "compiled.sweep = fused", "differs in single bits"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_found(change: str, verdict: str) -> None:
    code = f"import numpy\nfrom workloads.heat import compiled\n{change}"
    options = ["-n", "33", "--steps", "20", "--repeat", "1"]
    done = altered(2, code, "heat", "--impl", "numpy,mpi-sendrecv", *options)
    assert done.returncode == 1
    assert verdict in done.stderr


def test_a_technique_of_ranks_says_that_it_has_one_alone() -> None:
    words = ["--impl", "mpi-send,mpi-sendrecv", "-n", 9, "--repeat", 1]
    for size, times in ((1, 2), (2, 0)):
        assert printed(workload_on(size, "heat", *words)).count("one rank: start it") == times


def test_a_killed_process_ends_those_that_wait_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.1):
            for process in multiprocessing.active_children()[:1]:
                process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    words = ["--impl", "multiprocessing", "-n", "99", "--steps", "1000000000", "--workers", "2"]
    assert main(["heat", *words]) == 1
    ended.set()
    killer.join()
    assert "a worker process ended unasked" in capsys.readouterr().err
    assert not multiprocessing.active_children()


# Ranks that do not come within two seconds are aborted.
@pytest.mark.long
def test_a_stop_leaves_no_window_to_the_end_of_mpi() -> None:
    code = (
        "import signal\nfrom workloads.heat import compiled\nown = compiled.sweep\n"
        "def stopping(*words, seen=[0]):\n"
        "    own(*words)\n"
        "    seen[0] += 1\n"
        "    seen[0] == 9 and os.kill(os.getpid(), signal.SIGINT)\n"
        "compiled.sweep = stopping"
    )
    done = altered(2, code, "heat", "--impl", "mpi-put", "-n", "33")
    assert done.returncode == 130
    assert "workloads: heat: stopped" in done.stderr
    assert "MPI_Finalize" not in done.stderr


def test_pictures(tmp_path: Path) -> None:
    need("matplotlib")
    words = ["--out", tmp_path / "f.png", "--film", tmp_path / "f.gif"]
    printed(workload_on(2, "heat", "--impl", "numpy,mpi-cart", "-n", 20, "--steps", 120, *words))
    assert (tmp_path / "f.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "f.gif").read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-n", "2", "--impl", "multiprocessing", "--workers", "3"], "each of 3 workers; -n 3 has"),
        (["--until", "1e-3", "--impl", "multiprocessing"], "--until: multiprocessing does all"),
        (["--impl", "mpi-checkpoint"], "--impl mpi-checkpoint: needs --checkpoint FILE"),
        (["--impl", "mpi-view", "--checkpoint", "/dev/null"], "is no file that can be replaced"),
        (["--checkpoint", "TMP/a.h5", "--impl", "numpy"], "is for --impl mpi-checkpoint or"),
        (["--out", "TMP/a.npy", "--json", "TMP/./a.npy"], "--json and --out: both go to"),
        (["--out", "-", "--json", "-"], "--json and --out: both go to -"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], said: str, tmp_path: Path) -> None:
    words = [word.replace("TMP", str(tmp_path)) for word in options]
    assert said in refusal(workload_on(1, "heat", *words))
