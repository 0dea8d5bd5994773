"""A mistake in images.toml is one line, told before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcpy.build.graph import load, the_graph
from hpcpy.build.sif import definition_path
from hpcpy.errors import UsageError

GOOD = """
[images.base]
summary = "s"
containerfile = "base"
[images.full]
summary = "s"
containerfile = "full"
from = "base"
builder = "base"
parts = ["one", "two", "three"]
[parts.one]
[parts.two]
needs = ["one"]
[parts.three]
needs = ["two"]
"""


def graph_file(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert old in GOOD
    path = tmp_path / "images.toml"
    path.write_text(GOOD.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('from = "base"', 'form = "base"', "unknown key 'form' in full"),
        ("[parts.one]", "[part.one]", "part: unknown key"),
        ('from = "base"', 'from = "bare"', "full is built on 'bare', which is not there"),
        ('builder = "base"', 'builder = "bare"', "full is built on 'bare', which is not there"),
        ('["one", "two", "three"]', '["one", "four"]', "full has a part 'four', which is not"),
        ("[parts.one]", '[parts.one]\nneeds = ["two"]', "one must come after two"),
        ('needs = ["two"]', 'needs = ["three"]', "three must come after three"),
        ('needs = ["two"]', 'needs = ["four"]', "three needs 'four', which is not there"),
        ('containerfile = "full"', "", "missing 1 required positional argument"),
        ("[images.base]", "[images.base", "not TOML"),
    ],
)
def test_mistake_in_the_graph_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(graph_file(tmp_path, old, new))
    assert said in str(caught.value)
    assert "images.toml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_graph_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"images\.toml: No such file"):
        load(tmp_path / "images.toml")


def test_unknown_image_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image 'fool'; there are: base, full"):
        load(graph_file(tmp_path)).image("fool")


def test_needs_come_before_what_needs_them(tmp_path: Path) -> None:
    graph = load(graph_file(tmp_path))
    assert [part.name for part in graph.needed(graph.parts["three"])] == ["one", "two"]


def test_an_image_holds_the_parts_it_names_and_is_built_from_more(tmp_path: Path) -> None:
    graph = load(graph_file(tmp_path, '["one", "two", "three"]', '["three"]'))
    image = graph.image("full")
    assert [part.name for part in graph.shipped(image)] == ["three"]
    assert [part.name for part in graph.built(image)] == ["one", "two", "three"]


def test_every_file_that_the_projects_graph_names_is_there() -> None:
    graph = the_graph()
    for image in graph.images.values():
        assert (image.folder / "Containerfile").is_file()
    for part in graph.parts.values():
        assert [recipe for recipe in part.recipes if not recipe.is_file()] == []


def test_a_feature_that_is_not_there_is_told(tmp_path: Path) -> None:
    row = 'parts = ["one", "two", "three"]'
    with pytest.raises(UsageError, match="full has a feature 'speed', which is not there"):
        load(graph_file(tmp_path, row, f'{row}\nfeatures = ["speed"]'))


def test_a_stack_that_is_no_group_of_the_lock_is_told(tmp_path: Path) -> None:
    row = 'parts = ["one", "two", "three"]'
    with pytest.raises(UsageError, match="full has the stack 'cor', which is no group of"):
        load(graph_file(tmp_path, row, f'{row}\nstack = "cor"'))


def test_an_image_is_like_another_but_for_what_its_row_says(tmp_path: Path) -> None:
    like = '[images.small]\nlike = "full"\nparts = ["one"]\n[parts.one]'
    graph = load(graph_file(tmp_path, "[parts.one]", like))
    small, full = graph.image("small"), graph.image("full")
    assert (small.name, small.parts) == ("small", ("one",))
    assert (small.base, small.containerfile) == (full.base, full.containerfile)


@pytest.mark.parametrize("other", ["small", "large"])
def test_an_image_is_like_a_row_of_its_own(tmp_path: Path, other: str) -> None:
    like = f'[images.small]\nlike = "{other}"\n[parts.one]'
    with pytest.raises(UsageError, match=f"small is like '{other}', which is no row of its own"):
        load(graph_file(tmp_path, "[parts.one]", like))


def test_a_sif_is_made_of_its_own_images_archive() -> None:
    definitions = {
        image.name: file.read_text()
        for image in the_graph().images.values()
        if (file := definition_path(image)).exists()
    }
    assert definitions.keys() >= {"hpcpy", "hpcpy-cuda", "plain", "wheels"}
    for name, text in definitions.items():
        assert f"\nFrom: {name}.oci.tar\n" in text
