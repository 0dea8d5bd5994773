"""The steps of a launch: what each adds, and where srun is found."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.stages import StageError
from measure import launch, roots
from measure.launch import STEPS, Step

RESULTS = paths.ROOT / "docs/results/launch.json"


def test_each_step_is_told_as_what_it_adds() -> None:
    until = (0.1, 0.15, 0.25, 0.3, 0.35, 0.5, 1.5)
    steps = [
        Step("" if name in ("Slurm", "Apptainer: its program") else "one", name, [value])
        for name, value in zip(STEPS, until, strict=True)
    ]
    rows = [line.split("|")[1:-1] for line in launch.table(steps).splitlines()]
    added = ("100", "50", "100", "50", "50", "150", "1,000")
    assert [tuple(cell.strip() for cell in row) for row in rows if "--" not in row[1]] == [
        ("step, ms", "one"),
        *zip(STEPS, added, strict=True),
        ("**to the last rank**", "1,500"),
    ]


def test_each_part_of_apptainer_has_a_command_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = []

    def told(command: list[str], _: object) -> tuple[float, float]:
        commands.append(command)
        return 1.0, 2.0

    monkeypatch.setattr(launch, "ensure", lambda _: SimpleNamespace(apptainer="/bin/apptainer"))
    monkeypatch.setattr(roots, "unpacked_root", lambda *_: tmp_path)
    monkeypatch.setattr(launch, "to_the_ranks", told)
    steps = launch._launches(["srun"], {}, {"one": Path("/one.sif")}, 1)
    assert [step.name for step in steps] == [*STEPS]
    assert {(*step.first, *step.seconds) for step in steps} == {(1.0, 2.0)}
    slurm, program, folder, mount, *_ = commands
    assert slurm == ["srun", *STEPS["Slurm"]]
    assert program == ["srun", *STEPS["Apptainer: its program"], "/bin/apptainer"]
    exec_ = ["srun", "/bin/apptainer", "exec", "--sharens"]
    assert folder == [*exec_, str(tmp_path), *STEPS["Slurm"]]
    assert mount == [*exec_, "/one.sif", *STEPS["Slurm"]]


def test_the_page_has_the_table_of_the_results() -> None:
    told = json.loads(RESULTS.read_text())
    text = launch.table([Step(**one) for one in told["results"]])
    assert text in (paths.ROOT / "docs/startup-cold.md").read_text()


def test_outside_of_a_job_it_says_how_to_have_a_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(UnavailableError, match="this is not in a Slurm job"):
        launch.srun_words("srun -n 4")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert launch.srun_words("srun -n 4 --mpi='pmi2'")[0] == ["srun", "-n", "4", "--mpi=pmi2"]


def test_the_first_and_the_last_rank_count_and_a_failure_is_one_line() -> None:
    ranks = "now=$(date +%s); echo $((now + 1000)); echo $((now + 500))"
    found = launch.to_the_ranks(["sh", "-c", ranks], {})
    assert found == pytest.approx((500, 1000), abs=100)
    with pytest.raises(StageError, match="ended with 3: no such node"):
        launch.to_the_ranks(["sh", "-c", "echo no such node >&2; exit 3"], {})
    with pytest.raises(StageError, match="No such file"):
        launch.to_the_ranks(["/nonexistent/srun"], {})
    with pytest.raises(StageError, match="printed 'hello'"):
        launch.to_the_ranks(["echo", "hello"], {})
