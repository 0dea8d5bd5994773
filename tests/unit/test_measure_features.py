"""What a feature is worth: which images are compared, and what files they have."""

from __future__ import annotations

import dataclasses
import os
import tarfile
from pathlib import Path

import pytest

import features
from hpcpy.build.graph import the_graph
from hpcpy.build.parts import part_file
from hpcpy.build.plan import Plan
from hpcpy.core import paths


def test_each_feature_is_added_to_none_and_taken_out_of_all() -> None:
    image = the_graph().image("hpcpy")
    found = {name: one.features for name, one in features.variants(image, ["order"]).items()}
    assert found == {
        "plain": (),
        "plain + order": ("order",),
        "all features": image.features,
        "all but order": tuple(name for name in image.features if name != "order"),
    }


def test_no_other_part_differs_from_one_variant_to_another() -> None:
    graph = the_graph()
    image = graph.image("hpcpy")
    shipped = graph.shipped(image)
    others = graph.shipped(dataclasses.replace(image, features=()))
    differing = [part for part, other in zip(shipped, others, strict=True) if part != other]
    assert [part.name for part in differing] == ["interpreter", "numba_cache"]
    assert differing == [part for part in shipped if graph.has_features(part)]


def archive(path: Path, work: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        file = work / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with tarfile.open(path, "w") as tar:
        tar.add(work, ".")


def test_a_variants_files_are_the_images_but_for_those_of_its_own_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    graph = the_graph()
    plan, image = Plan(graph, "x86_64", 0), graph.image("hpcpy")
    wanted = {"plain": features.variants(image, [])["plain"]}
    parts = paths.cache_dir() / "parts"
    parts.mkdir(parents=True)
    for one, text in ((image, "all"), (wanted["plain"], "none")):
        mine = {"lib/python": text, f"lib/only-{text}": text}
        for name, texts in (("interpreter", mine), ("numba_cache", {"cache/code": text})):
            file = parts / part_file(plan, graph.of(one, name))
            archive(file, tmp_path / f"{name}-{text}", texts)
    pristine = tmp_path / "roots/image"
    for name in ("lib/python", "lib/only-all", "lib/shared", "cache/code"):
        (pristine / name).parent.mkdir(parents=True, exist_ok=True)
        (pristine / name).write_text("all")
    os.utime(pristine / "lib", (1, 1))

    with features.unpacked_variants(plan, wanted, pristine, image) as made:
        root = made["plain"]
        check_plain(root, pristine)
    assert (root.exists(), pristine.exists()) == (False, True)


def check_plain(root: Path, pristine: Path) -> None:
    assert {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()} == {
        "lib/python": "none",
        "lib/only-none": "none",
        "lib/shared": "all",
        "cache/code": "none",
    }
    assert (root / "lib/shared").samefile(pristine / "lib/shared")
    assert (root / "lib").stat().st_mtime == 1
    assert (pristine / "lib/python").read_text() == "all"
