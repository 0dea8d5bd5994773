"""A mistake in images.toml is one line, told before anything is built."""

from pathlib import Path

import pytest

from hpcpy.core.errors import UsageError
from hpcpy.images.graph import load

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
        ('from = "base"', 'form = "base"', "[images.full] form: unknown key; there are: summary"),
        ('from = "base"', 'from = "bare"', "full is built on 'bare', which is not there"),
        ("[parts.one]", '[parts.one]\nneeds = ["two"]', "one must come after two"),
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


def test_unknown_image_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image 'fool'; there are: base, full"):
        load(graph_file(tmp_path)).image("fool")


def test_an_image_holds_the_parts_it_names_and_is_built_from_more(tmp_path: Path) -> None:
    graph = load(graph_file(tmp_path, '["one", "two", "three"]', '["three"]'))
    image = graph.image("full")
    assert [part.name for part in graph.shipped(image)] == ["three"]
    assert [part.name for part in graph.built(image)] == ["one", "two", "three"]


def test_an_image_is_like_a_row_of_its_own(tmp_path: Path) -> None:
    like = '[images.small]\nlike = "small"\n[parts.one]'
    with pytest.raises(UsageError, match=r"\[images\.small\] like: 'small' is no row of its own"):
        load(graph_file(tmp_path, "[parts.one]", like))
