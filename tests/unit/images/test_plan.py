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


def keys_of(root: Path) -> dict[str, str]:
    """Return the keys of a part and an image, and of what two images' interpreters are made of."""
    graph = load(root / "containers/images.toml")
    plan = Plan(graph, ARCH, 1)
    part, image = graph.parts["workloads"], graph.image("hpcpy")
    found = {"workloads": plan.part_key(part), "image": plan.image_key(image)}
    for name in ("hpcpy", "plain"):
        parts = {one.name: plan.part_key(one) for one in graph.shipped(graph.image(name))}
        found[f"interpreter of {name}"] = parts["interpreter"] + parts["numba_cache"]
    return found


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """Return the keys of this checkout, which its copies share until they are changed."""
    return keys_of(paths.ROOT)


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


INTERPRETERS = {"interpreter of hpcpy", "interpreter of plain"}
ALL = {"workloads", "image", *INTERPRETERS}
NUMBA = "src/interp/features/numba"
# An edit, and the keys that it changes: the workloads' modules are in the interpreters.
EDITS: dict[str, tuple[Edit, set[str]]] = {
    "recipe": (add_line("recipes/workloads.sh"), ALL),
    "tree": (add_line("src/workloads/registry.py"), ALL),
    "new file in the tree": (add_file, ALL),
    "pin of a need": (change_first_digest("env/sources.toml", "[python]"), ALL),
    "builder": (add_line("containers/builder/Containerfile"), ALL),
    "another part's recipe": (add_line("recipes/pocl.sh"), {"image"}),
    "the image's own command": (add_line("src/hpcpy/launch/plan.py"), {"image"}),
    "plain tier": (add_line("src/interp/start/main.c"), {"image", *INTERPRETERS}),
    "feature": (add_line(f"{NUMBA}/_hpcpy_numba.py"), {"image", "interpreter of hpcpy"}),
    "its README": (add_line(f"{NUMBA}/README.md"), set()),
    "README of all": (add_line("src/interp/features/README.md"), set()),
}


@pytest.mark.parametrize(("edit", "changed"), EDITS.values(), ids=EDITS)
def test_keys_change_with_what_is_read(
    keys: dict[str, str], checkout: Path, edit: Edit, changed: set[str]
) -> None:
    edit(checkout)
    after = keys_of(checkout)
    assert {name for name in keys if keys[name] != after[name]} == changed


def test_key_is_kept_when_files_are_only_touched_or_the_checkout_moves(
    keys: dict[str, str], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys_of(checkout) == keys
    for path in checkout.rglob("*"):
        os.utime(path, (1, 1))
    moved = checkout.rename(checkout.with_name("moved"))
    monkeypatch.setattr(paths, "ROOT", moved)
    for name in ("env", "recipes", "containers"):
        monkeypatch.setattr(paths, name.upper(), moved / name)
    assert keys_of(moved) == keys
