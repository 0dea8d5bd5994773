"""Every committed picture can be drawn again from its report, and can be read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find
from hpcpy.testing.command import image_command

RESULTS = paths.ROOT / "docs/results"
SOURCES = paths.ROOT / "benchmarks"
CHARTS = [file for room in ("measure", "sharedfs") for file in (SOURCES / room).glob("*chart.py")]
# Picture -> the report, if it needs one, and the program or workload that draws it.
DRAWN = {
    "arrays": ("", "arrays"),
    "cold": ("cold", "cold_chart.py"),
    "features": ("features", "worth_chart.py"),
    "import-at-scale": ("import-at-scale", "forecast"),
    "launch": ("launch", "launch_chart.py"),
    "linalg-h200": ("linalg-h200", "linalg"),
    "linalg-tasks": ("linalg", "linalg"),
    "linalg-threads": ("linalg-threads", "linalg"),
    "mandel-h200": ("mandel-h200", "mandel"),
    "mandel-ranks": ("mandel-ranks", "mandel"),
    "mandel-rates": ("mandel", "mandel"),
    "overhead": ("overhead", "overhead_chart.py"),
    "p2p": ("p2p", "p2p"),
    "pi": ("pi", "pi"),
    "pi-gil": ("pi-gil", "pi"),
    "pi-h200": ("pi-h200", "pi"),
    "readme": ("startup", "readme_chart.py"),
    "startup": ("startup", "chart.py"),
    "storm": ("storm", "storm_chart.py"),
    "startup-workload": ("startup-workload", "startup"),
    "write": ("write", "write"),
    "write-places": ("write-places", "writing_chart.py"),
}
# What `mandel --out` has written: no chart.
PICTURES = {"mandel-area1", "mandel-area2"}


def test_every_picture_has_a_report() -> None:
    assert {file.stem for file in RESULTS.glob("*.png")} == DRAWN.keys() | PICTURES


@pytest.mark.long
def test_every_picture_can_be_read_where_a_page_shows_it(sif: str, tmp_path: Path) -> None:
    for file in (*RESULTS.glob("*.json"), *CHARTS):
        shutil.copy(file, tmp_path)
    tmp_path.chmod(0o1777)
    words = [
        f"{by},{report and f'{report}.json'},{picture}.png"
        for picture, (report, by) in DRAWN.items()
    ]
    in_folder = ["env", "--chdir=/tmp"]
    program = [*in_folder, "python3", "/tests/launch/looks_at_pictures.py", *words]
    done = subprocess.run(
        [*image_command(find(), Path(sif), tmp_path), *program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"= {picture}.png" for picture in DRAWN]
