"""A damaged image or configuration is one line, and what was kept is given back."""

import os
import shutil
from pathlib import Path

import pytest
from packing import pack, packed, require, tree

from hpcpy.pack.image import image_of
from hpcpy.pack.places import beside
from running import Done, run

ENV = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"}
DAMAGES = ("half", "random", "gone")


@pytest.fixture
def env(tmp_path: Path) -> Path:
    require()
    prefix = tmp_path / "env"
    for name in ("bin", "lib"):
        (prefix / name).mkdir(parents=True)
        (prefix / name / "value").write_bytes(os.urandom(50_000))
    (prefix / "bin/show").write_text("#!/bin/sh\necho shown\n")
    (prefix / "bin/show").chmod(0o755)
    return prefix


def damage(file: Path, how: str) -> None:
    file.parent.chmod(0o755)
    file.chmod(0o644)
    content = file.read_bytes()
    file.unlink()
    if how != "gone":
        half = content[: len(content) // 2]
        file.write_bytes(half if how == "half" else os.urandom(len(content)))


def one_line(done: Done, code: int, says: str) -> None:
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
    assert says in done.stderr


@pytest.mark.parametrize("how", DAMAGES)
def test_a_kept_folder_is_given_back_without_its_image(env: Path, how: str) -> None:
    before, file = tree(env), image_of(packed(env))
    damage(file, how)
    started = run(env / "bin/show", env=ENV)
    one_line(started, 69, "; is it whole?; next: HPCPY_PACK_ENGINE=folder, or pack --undo\n")
    assert run(env / "bin/show", env={**ENV, "HPCPY_PACK_ENGINE": "folder"}).stdout == "shown\n"
    done = pack("--undo", env)
    assert (done.returncode, tree(env)) == (0, before), done
    assert [path.name for path in env.parent.iterdir()] == ["env"]


@pytest.mark.parametrize("how", DAMAGES[:2])
def test_nothing_is_made_of_a_damaged_image(env: Path, how: str) -> None:
    file, made = image_of(packed(env)), env.parent / "env.run"
    (beside(env, "unpacked") / "lib/value").unlink()
    damage(file, how)
    for words in (("--standalone", env, "-o", made), (env, "--", "show")):
        one_line(pack(*words), 65, f"{file}: is damaged; put a whole one there")
    before = tree(env)
    for change in (("--undo", env), ("--update", env, "--", "true")):
        done = pack(*change)
        assert (done.returncode, f"{file}: " in done.stderr.splitlines()[-1]) == (65, True), done
    assert tree(env) == before
    assert not made.exists()


def test_a_damaged_block_of_a_file_is_told(env: Path) -> None:
    for name in ("bin", "lib"):
        (env / name / "value").write_bytes(b"text" * 50_000)
    file = image_of(packed(env))
    shutil.rmtree(beside(env, "unpacked"))
    file.chmod(0o644)
    with file.open("r+b") as stream:
        stream.seek(108)
        stream.write(b"x" * 10)
    before = tree(env)
    done = pack("--undo", env)
    assert (done.returncode, f"{file}: is damaged (" in done.stderr) == (65, True), done
    assert tree(env) == before


@pytest.mark.parametrize("left", [0, 30, 100])
def test_a_configuration_that_is_cut_is_one_line(env: Path, left: int) -> None:
    config, unpacked = packed(env) / ".pack/config", beside(env, "unpacked")
    config.chmod(0o644)
    config.write_bytes(config.read_bytes()[:left])
    one_line(run(env / "bin/show", env=ENV), 65, f"{config}: is damaged; put a whole one there")
    done = pack("--undo", env)
    one_line(done, 65, f"{config}: is damaged; if {unpacked} is whole: ")
    assert run("sh", "-c", done.stderr.partition(" whole: ")[2]).returncode == 0
    assert run(env / "bin/show").stdout == "shown\n"
