"""Pi's command: its reports, exit codes and charts."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needed import is_drawn, lacking, needs, plotted

from running import TELLS_WHEN, in_own_process, last_words, on_ranks, surroundings, wait_until
from tiers import sampled
from workloads.__main__ import main
from workloads.errors import UnavailableError
from workloads.harness.cuda import no_device
from workloads.pi.registry import TECHNIQUES

GPU = {"cupy", "numba-cuda"} if no_device() else set()
SEED = 2022


def pi(*arguments: Any) -> Any:
    return main(["pi", *map(str, arguments)])


def mpiexec(size: Any, *arguments: Any) -> Any:
    return on_ranks(size, "-m", "workloads", "pi", *arguments)


def test_auto_is_the_fastest_for_one_process_and_for_ranks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pi("-n", 1_000) == 0
    shown = capsys.readouterr().out
    assert "\nsimd " in shown
    assert "philox: 797 hits, π ≈ 3.1880000: matches the stored count" in shown
    done = mpiexec(2, "-n", 1_000)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nmpi-numba " in done.stdout


def test_without_options_the_counts_are_the_stored_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert pi("--impl", "python,simd,numpy") == 0
    shown = capsys.readouterr().out
    assert "seeded, 1 at work: 15,703,410 hits" in shown
    # One line for both techniques of the family.
    assert shown.count("philox: 15,705,172 hits, π ≈ 3.1410344: matches the stored count") == 1


def test_scaling_profile_and_charts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = "threads,simd,numba-parallel,multiprocessing"
    chart, profile = tmp_path / "pi.svg", tmp_path / "pi.prof"
    options = [*plotted(chart), "--profile", "cprofile", profile]
    assert pi("-n", 5_001, "--impl", names, "--scale", "1,2,3", *options) == 0
    shown = capsys.readouterr().out
    assert [shown.count(f"seeded, {p} at work") for p in (1, 2, 3)] == [1, 1, 1]
    assert is_drawn(chart)
    assert profile.stat().st_size > 100


@pytest.mark.parametrize(("home", "variable"), [("/proc/none", "/proc/none"), ("/", "/")])
def test_it_runs_where_no_home_and_no_cache_can_be_written(home: str, variable: str) -> None:
    with_env = ["env", f"HOME={home}", f"NUMBA_CACHE_DIR={variable}"]
    names = [
        n for n in ("numba", "numba-parallel", "pyopencl") if not lacking(*TECHNIQUES[n].needs)
    ]
    done = in_own_process(
        *with_env, sys.executable, "-m", "workloads", "pi", "-n", 1_000, "--impl", ",".join(names)
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("rank_alone", [False, True])
def test_a_wrong_count_exits_1(rank_alone: bool) -> None:
    code = (
        "import sys\n"
        "from workloads.__main__ import main\n"
        "from workloads.pi.techniques import mpi, numpy_stream\n"
        "numpy_stream.philox_hits = lambda key, wanted: len(wanted)\n"
        "mpi.seeded_hits = lambda seed, pairs: pairs\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    name = "numpy" if rank_alone else "mpi"
    done = on_ranks(3, "-c", code, "pi", "-n", 1_000, "--impl", name)
    assert done.returncode == 1
    assert done.stderr.count("WRONG: 1,000 hits, not") == 1


@pytest.mark.skipif(not GPU, reason="this machine has a CUDA device")
@pytest.mark.parametrize("name", ["cupy", "numba-cuda"])
def test_without_a_device_it_is_69_and_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pi("--impl", name) == 69
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not GPU, reason="this machine has a CUDA device")
@pytest.mark.parametrize("module", [pytest.param("cuda_cupy", marks=needs("cupy")), "cuda_numba"])
def test_a_driver_that_does_not_answer_is_said(module: str) -> None:
    technique = importlib.import_module(f"workloads.pi.techniques.{module}")
    with pytest.raises(UnavailableError, match="--nv on a GPU node"):
        technique.compute(1_000, SEED, None)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    sampled([
        "python", "multiprocessing", "threads", "sleep-threads", "subinterpreters",
        "dask", "numpy", "numba", "numba-parallel", "simd",
    ]),
)  # fmt: skip
def test_ctrl_c_ends_a_long_count_with_one_line(name: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    options = ["--profile", "cprofile", str(results / "pi.prof"), "-n", str(2**40)]
    words = [str(tmp_path), "pi", "--impl", name, *options]
    command = [sys.executable, "-c", TELLS_WHEN, *words]
    with subprocess.Popen(command, env=surroundings(), stderr=subprocess.PIPE, text=True) as job:
        wait_until((tmp_path / "begun").exists, job)
        job.send_signal(signal.SIGINT)
        assert last_words(job) == "workloads: pi: stopped\n"
    assert job.returncode == 130
    assert not [*results.iterdir()]
