"""Which files are inputs of a build."""

import subprocess
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.images.cached import tree_files


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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


def test_a_release_in_another_repository_has_its_files(checkout: Path) -> None:
    # That repository ignores them: a build there found no workloads.
    assert names("src/part") == ["a.py", "b.py", "ignored.so"]
    assert checkout


def test_a_file_is_one_in_a_release_and_in_a_clone(checkout: Path) -> None:
    # A patch is named by itself; a build of a release had none of them.
    assert names("src/part/a.py") == ["a.py"]
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    assert names("src/part/a.py") == ["a.py"]


def test_what_a_clone_ignores_is_no_input(checkout: Path) -> None:
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    (checkout / ".gitignore").write_text("*.so\n__pycache__/\n")
    assert names("src/part") == ["a.py", "b.py"]


def test_a_clone_of_another_user_has_its_files(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    # How git's own tests ask for that.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    refused: list[str | Path] = ["git", "-C", checkout, "ls-files"]
    assert subprocess.run(refused, capture_output=True, check=False).returncode == 128
    assert names("src/part/a.py") == ["a.py"]


def test_a_clone_that_git_cannot_read_is_one_line(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(UnavailableError, match=r"^[^\n]+: fatal: not a git repository[^\n]+$"):
        names("src/part")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="git: No such file or directory; "):
        names("src/part")
