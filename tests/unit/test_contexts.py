"""What a recipe and a Containerfile find in the build context."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hpcpy.build import context, contexts
from hpcpy.build.graph import Graph, Image, Part
from hpcpy.build.plan import Plan
from hpcpy.pins.model import Artifact


def test_a_source_has_the_name_that_its_recipe_says_and_a_wheel_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = "thing-1-py3-none-any.whl"
    found = {}
    for name in ("thing-1.tar.gz", wheel):
        (tmp_path / name).write_text(name)
        artifact = Artifact("thing", "1", name, "MIT", "for this test", ())
        found[artifact] = tmp_path / name
    monkeypatch.setattr(Plan, "pins", lambda _plan, _part: list(found))
    monkeypatch.setattr(contexts, "fetch", lambda _pins: found)
    part = Part("thing", sources=("thing",), tools=("build",))
    contexts.add_materials(tmp_path / "context", part, Plan(Graph({}, {}), "x86_64", 1))
    there = {path.name for path in (tmp_path / "context/thing").iterdir()}
    assert there == {"thing.tar.gz", wheel}


def test_an_image_with_parts_installs_debian_packages_over_its_base_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deb = tmp_path / "gcc_1_amd64.deb"
    deb.write_text("a package")
    fetched = SimpleNamespace(paths={"gcc": deb})
    monkeypatch.setattr(contexts, "fetch_debs", lambda _set, _arch: fetched)
    for name in ("add_containerfile", "add_recipes", "add_description"):
        monkeypatch.setattr(context, name, lambda *_arguments, **_options: None)
    image = Image("dev", "", "dev", base="hpcpy", debian="dev", parts=("one",))
    plan = Plan(Graph({"dev": image}, {}), "x86_64", 1)
    context.write_context(plan, image, tmp_path / "context")
    assert [path.name for path in (tmp_path / "context/dev").rglob("*.deb")] == [deb.name]
