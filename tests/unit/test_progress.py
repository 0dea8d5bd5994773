"""A build says how long it will take, before its first stage and after each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from hpcpy import paths, stage_times
from hpcpy.build import progress
from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import Graph, Part, the_graph
from hpcpy.build.images import image_title, rootfs_title
from hpcpy.build.materials import MATERIALS
from hpcpy.build.oci import archive_title
from hpcpy.build.plan import make_plan
from hpcpy.stage_times import Countdown
from hpcpy.stages import count_down, stage

PARTS = [
    Part("long", seconds=720, serial=90),
    Part("short", seconds=240, serial=0),
    Part("last", seconds=10, needs=("long",)),
]


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    # With `newer`, as in CI, every plan of an empty cache downloads all packages.
    monkeypatch.setenv("HPCPY_DEBIAN", "locked")


@dataclass(frozen=True)
class Storage(Buildah):
    """An empty storage, or a full one."""

    full: bool = False

    def has(self, tag: str) -> bool:
        """Return whether it has everything."""
        return bool(tag) and self.full


@pytest.mark.parametrize(("cores", "seconds"), [(1, 970), (2, 485), (4, 258), (64, 110)])
def test_parts_share_the_cores_and_wait_for_each_other(
    cores: int, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    of_each = progress.of_parts(PARTS, Graph({}, {part.name: part for part in PARTS}))
    assert sum(of_each.values()) == pytest.approx(seconds, abs=5)
    assert of_each["build long"] == pytest.approx(3 * of_each["build short"])


def test_the_docs_have_what_is_calculated_for_more_cores() -> None:
    text = (paths.ROOT / "docs/engine.md").read_text()
    rows = re.findall(r"^\| (.+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    stages = {name: tuple(map(int, seconds)) for name, *seconds in rows}
    together = stages.pop("together")
    assert together == tuple(map(sum, zip(*stages.values(), strict=True)))
    (parts,) = (stages.pop(name) for name in list(stages) if name.startswith("parts"))
    assert all(len(set(row)) == 1 for row in stages.values())
    graph = the_graph()
    built = graph.built(graph.image("hpcpy"))
    two, *more = (round(progress.seconds_on(built, graph, cores)) for cores in (2, 8, 32))
    assert parts[1:] == tuple(more)
    assert f"gives {two} s" in text
    # For two cores, on which it was measured, it is not far off.
    assert two == pytest.approx(parts[0], rel=0.1)


def test_the_whole_has_what_is_before_the_parts_and_behind_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    plan = make_plan()
    image, base = (plan.graph.image(name) for name in ("hpcpy", "base"))
    behind = [archive_title(image), "SIF of hpcpy"]
    progress.begin(plan, image, Storage(Path("buildah"), {}), behind)
    titles = [
        "fetch packages of base and builder",
        MATERIALS,
        rootfs_title(base),
        image_title(base),
    ]
    said = capsys.readouterr().err.strip()
    assert said.startswith("hpcpy from here to its end: about 1")
    assert said.endswith(f", with {len(plan.graph.built(image))} parts to build")
    parts = [f"build {part.name}" for part in plan.graph.built(image)]
    for title in [*titles, "image builder", *parts, image_title(image), *behind]:
        assert title == behind[-1] or "left" not in capsys.readouterr().err
        with stage(title):
            pass
        ended = capsys.readouterr().err.splitlines()[-1]
        assert ("left" in ended) == (title != behind[-1]), ended


def test_an_image_that_is_there_is_packed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_plan()
    image = plan.graph.image("hpcpy")
    storage = Storage(Path("buildah"), {}, full=True)
    progress.begin(plan, image, storage, [archive_title(image), "SIF of hpcpy"])
    assert capsys.readouterr().err.strip() == "hpcpy from here to its end: about 1 min"


def test_it_counts_down_while_stages_run() -> None:
    now = 0.0
    left = Countdown({"fetch": 60, "long": 720, "short": 240, "pack": 30}, lambda: now)
    assert left.seconds == 1050
    left.begin("fetch")
    now = 30
    # It ended sooner than expected, and so will the whole.
    assert left.end("fetch") == "about 16 min left"
    left.begin("long")
    left.begin("short")
    now = 150
    left.begin("nothing of it")
    assert left.seconds == 990 - 120
    # `short` should have ended, and has not: `long` gets its share of the time.
    now = 630
    assert left.end("nothing of it") == ""
    assert left.seconds == 990 - 600
    assert left.end("short") == "about 6 min left"
    # It took longer than expected: nothing is left of it, and the stages behind it stay.
    now = 2000
    assert left.end("long") == "less than a minute left"
    left.begin("pack")
    assert left.end("pack") == ""


def test_stages_of_another_build_say_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    count_down(Countdown({"one of it": 600, "last": 60}))
    with stage("ours alone"):
        pass
    assert "left" not in capsys.readouterr().err


def test_each_stage_of_a_first_build_has_a_stored_time() -> None:
    graph = make_plan().graph
    images = graph.images.values()
    titles = [title(image) for image in images for title in (image_title, archive_title)]
    assert all(stage_times.expected(title) for title in (*titles, MATERIALS))
