"""A release is of a commit, names what it is made of, and has the changelog's notes."""

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from hpcpy import release
from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.images import provenance
from hpcpy.images.graph import the_graph
from hpcpy.images.plan import make_plan
from hpcpy.release import notes
from hpcpy_common.errors import DiskError, UnavailableError, UsageError


def test_notes_are_the_section_of_the_version() -> None:
    others = "# Changelog\n\n## 0.2.0\n\nnew\n\n## 0.1.0-rc1\n\ntried\n\n## 0.1.0.1\n\n"
    changelog = f"{others}## 0.1.0, unreleased\n\n### A\n\nold\n"
    assert notes(changelog, "0.2.0") == "## 0.2.0\n\nnew\n"
    assert notes(changelog, "0.1.0") == "## 0.1.0, unreleased\n\n### A\n\nold\n"
    for absent in ("0.3.0", "0.1", "0.1.0-rc"):
        with pytest.raises(UsageError, match=f"no section of {absent}"):
            notes(changelog, absent)


@pytest.mark.parametrize("dated", ["", ", unreleased", ", Unreleased", ", 31 February 2026"])
def test_what_has_no_date_is_not_signed(dated: str) -> None:
    with pytest.raises(UsageError, match=r'no date of 1\.0; write "## 1\.0, 1 December 2026"'):
        notes(f"## 1.0{dated}\n", "1.0", dated=True)
    assert notes("## 1.0, 1 December 2026\n", "1.0", dated=True)


def git(folder: Path, *words: str) -> None:
    me = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True)


def test_a_release_is_of_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="make a release in a git clone"):
        provenance.commit()
    git(tmp_path, "init")
    (tmp_path / "file").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    assert len(provenance.commit()) == 40
    (tmp_path / "another").touch()
    # What a user may have told git not to say.
    git(tmp_path, "config", "status.showUntrackedFiles", "no")
    with pytest.raises(UsageError, match=r"has changes \(\?\? another\); commit or remove"):
        provenance.commit()
    (tmp_path / "another").unlink()
    (tmp_path / "file").write_text("changed")
    for word, letter in (("assume-unchanged", "h"), ("skip-worktree", "S")):
        git(tmp_path, "update-index", f"--{word}", "file")
        with pytest.raises(UsageError, match=rf"has changes \({letter} file\)"):
            provenance.commit()
        git(tmp_path, "update-index", f"--no-{word}", "file")


def test_a_folder_that_would_change_the_checkout_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(paths.ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(release, "_build_pages", lambda: pytest.fail("built"))
    (tmp_path / "CHANGELOG.md").write_text(f"## {project_version()}\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    options = argparse.Namespace(image="", key=None, url="", to=tmp_path / "new")
    with pytest.raises(UsageError, match=r"has changes \(\?\? \.new\."):
        release.main(options)
    assert not [*tmp_path.glob(".new*")]


def test_provenance_names_every_pin_once() -> None:
    plan, image = make_plan(), the_graph().image("hpcpy")
    said = provenance.statement(plan, image, 40 * "a", [], {"tool": "1.0"})
    built = said["predicate"]["buildDefinition"]
    assert built["internalParameters"]["inputs"] == plan.archive_key(image)
    names = [one["name"] for one in built["resolvedDependencies"]]
    assert len(names) == len(set(names))
    assert {"commit", "env/python.lock", "env/debian.lock"} <= set(names)
    assert {"numpy", "mpich", "numba"} <= {name.split()[0] for name in names if " " in name}


def test_a_wrong_name_is_refused_and_no_folder_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "commit", lambda: 40 * "a")
    monkeypatch.setattr(release, "notes", lambda *_, **__: "")
    for name in ("ensure_image", "_build_pages"):
        monkeypatch.setattr(release, name, lambda *_: pytest.fail("built"))
    for name in ("typo", "base", "builder", "cross", "sanitized"):
        with pytest.raises(UsageError, match=f"no '{name}'; "):
            run(["release", name, "--to", str(tmp_path / "new")])
    # Nor is a folder left, or one written over.
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    with pytest.raises(UsageError, match="--url banana: is no address"):
        run(["release", "--url=banana"])
    assert not [*tmp_path.iterdir()]
    link = tmp_path / f"release/hpcpy-{project_version()}"
    link.parent.mkdir()
    link.symlink_to("nowhere")
    with pytest.raises(UsageError, match=f"{link}: there already"):
        run(["release"])
    with pytest.raises(DiskError, match=r"^/proc/\.x.*: cannot be written .* --to$"):
        run(["release", "--to=/proc/x"])
    with pytest.raises(UsageError, match="there already"):
        run(["release", "--to", str(tmp_path)])


def test_a_twin_that_cannot_be_built_here_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: str) -> None:
        raise UnavailableError("only root builds for another architecture", hint="use sudo")

    monkeypatch.setattr(release, "ensure_image", refuse)
    assert release.twin("hpcpy-core", "aarch64") is None
    said = capsys.readouterr().err
    assert said.startswith("release WITHOUT hpcpy-core for aarch64: only root builds for another")
    assert "with their .json and .spdx.json files" in said
    # Those that were asked for by name, and those of this machine, are needed.
    with pytest.raises(UnavailableError):
        release.made("hpcpy-core", "aarch64")
