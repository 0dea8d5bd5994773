"""The name of a result changes with all that goes into it, and with nothing else."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.images.graph import load
from hpcpy.images.plan import Plan

ARCH = "x86_64"
CONTENTS = ("env", "recipes", "containers", "src")
Edit = Callable[[Path], None]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of this checkout's inputs that may be changed."""
    root = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in CONTENTS:
        shutil.copytree(paths.ROOT / name, root / name, ignore=ignored)
    shutil.copy(paths.ROOT / "pyproject.toml", root)
    monkeypatch.setattr(paths, "ROOT", root)
    for name in ("env", "recipes", "containers"):
        monkeypatch.setattr(paths, name.upper(), root / name)
    return root


def part_key(root: Path, part: str) -> str:
    graph = load(root / "containers/images.toml")
    return Plan(graph, ARCH, 1).part_key(graph.parts[part])


def image_key(root: Path) -> str:
    graph = load(root / "containers/images.toml")
    return Plan(graph, ARCH, 1).image_key(graph.image("hpcpy"))


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    """Return the keys of this checkout, which its copies share until they are changed."""
    return part_key(paths.ROOT, "workloads"), image_key(paths.ROOT)


def add_line(name: str) -> Edit:
    def edit(root: Path) -> None:
        with (root / name).open("a") as stream:
            stream.write("# changed\n")

    return edit


def change_first_digest(name: str, after: str) -> Edit:
    def edit(root: Path) -> None:
        head, mark, tail = (root / name).read_text().partition(after)
        before, sha, rest = tail.partition('sha256 = "')
        assert mark
        assert sha
        flipped = "0" if rest[0] != "0" else "1"
        (root / name).write_text(head + mark + before + sha + flipped + rest[1:])

    return edit


def add_file(root: Path) -> None:
    (root / "src/workloads/new.py").write_text("")


# An edit, and whether the part `workloads` reads what it changes; the image reads all.
EDITS = {
    "recipe": (add_line("recipes/workloads.sh"), True),
    "tree": (add_line("src/workloads/registry.py"), True),
    "new file in the tree": (add_file, True),
    "pin of a need": (change_first_digest("env/sources.toml", "[python]"), True),
    "builder": (add_line("containers/builder/Containerfile"), True),
    "another part's recipe": (add_line("recipes/pocl.sh"), False),
    "the image's own command": (add_line("src/hpcpy/launch/plan.py"), False),
}


@pytest.mark.parametrize(("edit", "is_read"), EDITS.values(), ids=EDITS)
def test_keys_change_with_what_is_read(
    keys: tuple[str, str], checkout: Path, edit: Edit, is_read: bool
) -> None:
    edit(checkout)
    assert (part_key(checkout, "workloads") != keys[0]) is is_read
    assert image_key(checkout) != keys[1]


def interpreter_key(root: Path, image: str) -> str:
    graph = load(root / "containers/images.toml")
    plan = Plan(graph, ARCH, 1)
    found = {part.name: plan.part_key(part) for part in graph.shipped(graph.image(image))}
    return found["interpreter"] + found["numba_cache"]


@pytest.fixture(scope="module")
def interpreters() -> dict[str, str]:
    return {image: interpreter_key(paths.ROOT, image) for image in ("hpcpy", "plain")}


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        pytest.param(add_line("src/interp/start/main.c"), {"hpcpy", "plain"}, id="plain tier"),
        pytest.param(
            add_line("src/interp/features/numba/_hpcpy_numba.py"), {"hpcpy"}, id="feature"
        ),
        pytest.param(add_line("src/interp/features/numba/README.md"), set(), id="its README"),
        pytest.param(add_line("src/interp/features/README.md"), set(), id="README of all"),
    ],
)
def test_a_feature_is_an_input_of_the_images_that_have_it(
    interpreters: dict[str, str], checkout: Path, edit: Edit, changed: set[str]
) -> None:
    before = interpreters
    assert before["hpcpy"] != before["plain"]
    edit(checkout)
    after = {image: interpreter_key(checkout, image) for image in before}
    assert {image for image in before if before[image] != after[image]} == changed


def test_key_is_kept_when_files_are_only_touched_or_the_checkout_moves(
    keys: tuple[str, str], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (part_key(checkout, "workloads"), image_key(checkout)) == keys
    for path in checkout.rglob("*"):
        os.utime(path, (1, 1))
    moved = checkout.rename(checkout.with_name("moved"))
    monkeypatch.setattr(paths, "ROOT", moved)
    for name in ("env", "recipes", "containers"):
        monkeypatch.setattr(paths, name.upper(), moved / name)
    assert (part_key(moved, "workloads"), image_key(moved)) == keys
