"""The steps of a launch: what each adds, and where srun is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.errors import UnavailableError
from hpcpy.measure import launch
from hpcpy.measure.launch import STEPS, Step
from hpcpy.stages import StageError

RESULTS = paths.ROOT / "docs/results/launch.json"


def test_each_step_is_told_as_what_it_adds() -> None:
    seconds = dict(zip(STEPS, (0.1, 0.3, 0.35, 0.5, 1.5), strict=True))
    steps = [Step("", "Slurm", [0.1])]
    steps += [Step("one", name, [value]) for name, value in seconds.items() if name != "Slurm"]
    rows = [line.split("|")[1:-1] for line in launch.table(steps).splitlines()]
    assert [tuple(cell.strip() for cell in row) for row in rows if "--" not in row[1]] == [
        ("step, ms", "one"),
        *zip(STEPS, ("100", "200", "50", "150", "1,000"), strict=True),
        ("**to the last rank**", "1,500"),
    ]


def test_the_page_has_the_table_of_the_results() -> None:
    told = json.loads(RESULTS.read_text())
    text = launch.table([Step(**one) for one in told["results"]])
    assert text in (paths.ROOT / "docs/startup-cold.md").read_text()


def test_outside_of_a_job_it_says_how_to_have_a_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(UnavailableError, match="no job of Slurm's is around this"):
        launch.srun_words("srun -n 4")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert launch.srun_words("srun -n 4 --mpi='pmi2'")[0] == ["srun", "-n", "4", "--mpi=pmi2"]


def test_the_last_rank_counts_and_a_failure_is_one_line() -> None:
    ranks = "now=$(date +%s); echo $((now + 1000)); echo $((now + 500))"
    assert launch.to_the_last(["sh", "-c", ranks], {}) == pytest.approx(1000, abs=100)
    with pytest.raises(StageError, match="ended with 3: no such node"):
        launch.to_the_last(["sh", "-c", "echo no such node >&2; exit 3"], {})
    with pytest.raises(StageError, match="No such file"):
        launch.to_the_last(["/nonexistent/srun"], {})
    with pytest.raises(StageError, match="printed 'hello'"):
        launch.to_the_last(["echo", "hello"], {})
