"""Images.toml, which files are inputs, and the names of results, which change with these alone."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from hpcpy.core import paths
from hpcpy.images.buildah import Buildah
from hpcpy.images.cached import tree_files
from hpcpy.images.graph import load
from hpcpy.images.make import make_part
from hpcpy.images.plan import Plan
from hpcpy_common.errors import HpcpyError, UnavailableError, UsageError

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
        (
            *("[parts.one]", '[images.small]\nlike = "small"\n[parts.one]'),
            "[images.small] like: 'small' is no row of its own",
        ),
    ],
)
def test_mistake_in_the_graph_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(graph_file(tmp_path, old, new))
    assert said in str(caught.value)
    assert "images.toml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_image_holds_the_parts_it_names_and_is_built_from_more(tmp_path: Path) -> None:
    graph = load(graph_file(tmp_path, '["one", "two", "three"]', '["three"]'))
    image = graph.image("full")
    assert [part.name for part in graph.shipped(image)] == ["three"]
    assert [part.name for part in graph.built(image)] == ["one", "two", "three"]
    with pytest.raises(UsageError, match="no image 'fool'; there are: base, full"):
        graph.image("fool")


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Unpack a small release in an ignored folder of another repository, and return it."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/build/\n")
    top = tmp_path / "build" / "hpcpy"
    (top / "src/part/__pycache__").mkdir(parents=True)
    for name in ("a.py", "b.py", "ignored.so", "__pycache__/a.pyc"):
        (top / "src/part" / name).write_text("")
    monkeypatch.setattr(paths, "ROOT", top)
    return top


def names(tree: str) -> list[str]:
    return [path.name for path in tree_files(tree)]


def test_a_release_in_another_repository_has_its_files(release: Path) -> None:
    # That repository ignores them: a build there found no workloads.
    assert names("src/part") == ["a.py", "b.py", "ignored.so"]
    # A patch is named by itself; a build of a release had none of them.
    assert names("src/part/a.py") == ["a.py"]
    assert release


def test_a_clone_has_its_files_but_those_that_it_ignores(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", release], check=True)
    (release / ".gitignore").write_text("*.so\n__pycache__/\n")
    assert names("src/part") == ["a.py", "b.py"]
    # That of another user, too: how git's own tests ask for one.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    refused: list[str | Path] = ["git", "-C", release, "ls-files"]
    assert subprocess.run(refused, capture_output=True, check=False).returncode == 128
    assert names("src/part/a.py") == ["a.py"]


def test_a_clone_that_git_cannot_read_is_one_line(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (release / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(UnavailableError, match=r"^[^\n]+: fatal: not a git repository[^\n]+$"):
        names("src/part")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="git: No such file or directory; "):
        names("src/part")


ARCH = "x86_64"
CONTENTS = ("env", "recipes", "containers", "src", "docs")
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
    """Return the keys of a part, an image, its archive, and what two interpreters are made of."""
    graph = load(root / "containers/images.toml")
    plan = Plan(graph, ARCH, 1)
    part, image = graph.parts["workloads"], graph.image("hpcpy")
    found = {"workloads": plan.part_key(part), "image": plan.image_key(image)}
    found["archive"] = plan.archive_key(image)
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
IMAGE = {"image", "archive"}
ALL = {"workloads", *IMAGE, *INTERPRETERS}
RELINKED = ALL - {"workloads"}
LOCK = "env/debian.lock"
NUMBA = "src/interp/features/numba"
# An edit, and the keys that it changes: the workloads' modules are in the interpreters.
EDITS: dict[str, tuple[Edit, set[str]]] = {
    "recipe": (add_line("recipes/workloads.sh"), ALL),
    "tree": (add_line("src/workloads/registry.py"), ALL),
    "new file in the tree": (add_file, ALL),
    "pin of a need": (change_first_digest("env/sources.toml", "[python]"), ALL),
    "builder": (add_line("containers/builder/Containerfile"), ALL),
    # Of the builder, and its library in the base: what only links is not compiled anew.
    "an archive": (change_first_digest(LOCK, "[packages.x86_64.libssl-dev]"), RELINKED),
    "its library": (change_first_digest(LOCK, "[packages.x86_64.libssl3t64]"), RELINKED),
    "a compiler": (change_first_digest(LOCK, "[packages.x86_64.gcc-14]"), ALL),
    "a program of the base": (change_first_digest(LOCK, "[packages.x86_64.coreutils]"), ALL),
    "another part's recipe": (add_line("recipes/pocl.sh"), IMAGE),
    "the image's own command": (add_line("src/hpcpy/launch/plan.py"), {"archive"}),
    "a page that it prints": (add_line("docs/how-to/mpi.md"), {"archive"}),
    "a page of results": (add_line("docs/results/pi.md"), set()),
    "a site's file": (add_line("env/sites/local.toml"), {"archive"}),
    "plain tier": (add_line("src/interp/start/main.c"), {*IMAGE, *INTERPRETERS}),
    "feature": (add_line(f"{NUMBA}/_hpcpy_numba.py"), {*IMAGE, "interpreter of hpcpy"}),
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


def test_a_part_is_not_built_of_files_that_its_key_does_not_stand_for(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", checkout / "build")
    plan = Plan(load(checkout / "containers/images.toml"), ARCH, 1)
    part = plan.graph.parts["old_libc"]
    assert plan.part_key(part)
    add_line("recipes/old_libc/names.S")(checkout)  # as a git pull does while others are built
    with pytest.raises(HpcpyError, match="has changed since this build began; run it again"):
        make_part(plan, part, "builder", cast(Buildah, None))


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
