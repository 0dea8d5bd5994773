"""What a feature is worth: which images are compared, and what of the figures is told."""

from __future__ import annotations

import dataclasses
import json
import os
import tarfile
from pathlib import Path

import pytest

from hpcpy.build.graph import the_graph
from hpcpy.build.parts import part_file
from hpcpy.build.plan import Plan
from hpcpy.core import paths
from measure import variants, worth
from measure.samples import Samples

ZIPS, BAKE = "zips", "bake"
CASES = ("pass", "numpy", "core", "core script", "core + kernel")


def test_each_feature_is_added_to_none_and_taken_out_of_all() -> None:
    image = the_graph().image("hpcpy")
    found = {one.name: one.image.features for one in variants.variants(image, [ZIPS, BAKE])}
    assert found == {
        "plain": (),
        "plain + zips": (ZIPS,),
        "plain + bake": (BAKE,),
        "all features": image.features,
        "all but zips": tuple(name for name in image.features if name != ZIPS),
        "all but bake": tuple(name for name in image.features if name != BAKE),
    }


def test_no_other_part_differs_from_one_variant_to_another() -> None:
    graph = the_graph()
    image = graph.image("hpcpy")
    plain = dataclasses.replace(image, features=())
    differing = [
        part.name
        for part, other in zip(graph.shipped(image), graph.shipped(plain), strict=True)
        if part != other
    ]
    assert differing == ["interpreter", "numba_cache"]
    assert differing == [part.name for part in graph.shipped(image) if graph.has_features(part)]


@pytest.mark.parametrize(("count", "cut"), [(6, 0), (8, 0), (9, 1), (20, 5), (25, 7)])
def test_the_interval_of_a_median_is_the_sign_tests(count: int, cut: int) -> None:
    # As tables of the sign test have it, for 95 %.
    values = [number * 11 % 1009 for number in range(count)]
    assert worth.interval(values) == (sorted(values)[cut], sorted(values)[-1 - cut])


def test_five_values_give_no_interval() -> None:
    with pytest.raises(ValueError, match="5 values"):
        worth.interval([1, 2, 3, 4, 5])


def samples(image: str, milliseconds: float, calls: int, megabytes: int) -> list[Samples]:
    memory = [{"most": megabytes * 10**6, "private": megabytes * 10**5}]
    noise = [0.0001 * (turn % 3 - 1) for turn in range(20)]
    cpu = [milliseconds / 1000 + one for one in noise]
    counts = {"path_calls": calls}
    return [Samples(image, "host", case, counts, cpu, cpu, memory) for case in CASES]


def test_the_table_tells_what_is_saved_and_not_what_is_noise() -> None:
    starts = [
        *samples("plain", 20, 30, 50),
        *samples("plain + zips", 15, 29, 49),
        *samples("all features", 12, 20, 40),
        *samples("all but zips", 12, 22, 38),
    ]
    sifs = {"plain": 5 * 10**6, "plain + zips": 5 * 10**6, "all features": 7 * 10**6}
    first, last = worth.both([ZIPS], starts, {**sifs, "all but zips": 6 * 10**6})
    assert worth.table(first, last).splitlines()[-1] == (
        "| `zips` | 5.0/5.0/5.0/5.0 | –/–/–/– | 1/1/1 | 2/2/2 | 1.0/−2.0 | 0.1/−0.2 | 0/−1.0 |"
    )


def test_the_samples_are_of_the_images_features() -> None:
    told = json.loads((paths.ROOT / "docs/results/features.json").read_text())
    starts = [Samples(**one) for one in told["results"]]
    first, last = worth.both(told["features"], starts, told["squashed_bytes"])
    assert worth.table(first, last).count("\n") == 2 + len(told["features"])
    assert told["features"] == list(the_graph().image("hpcpy").features)


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
    plan = Plan(graph, "x86_64", 0)
    image = graph.image("hpcpy")
    plain = next(variants.variants(image, []))
    parts = paths.cache_dir() / "parts"
    parts.mkdir(parents=True)
    for one, text in ((image, "all"), (plain.image, "none")):
        mine = {"lib/python": text, f"lib/only-{text}": text}
        for name, texts in (("interpreter", mine), ("numba_cache", {"cache/code": text})):
            file = parts / part_file(plan, graph.of(one, name))
            archive(file, tmp_path / f"{name}-{text}", texts)
    pristine = tmp_path / "roots/image"
    for name in ("lib/python", "lib/only-all", "lib/shared", "cache/code"):
        (pristine / name).parent.mkdir(parents=True, exist_ok=True)
        (pristine / name).write_text("all")
    os.utime(pristine / "lib", (1, 1))

    monkeypatch.setattr(variants, "squashed", lambda *_: 7)
    with variants.unpacked(plan, [plain], pristine, image) as made:
        root = made["plain"].root
        check_plain(root, pristine)
    assert (root.exists(), pristine.exists()) == (False, True)
    with pytest.raises(KeyboardInterrupt), variants.unpacked(plan, [plain], pristine, image):
        raise KeyboardInterrupt
    assert not root.exists()


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
