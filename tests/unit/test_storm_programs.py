"""What ranks of a storm start: configurations, programs, packages; nothing is started."""

from __future__ import annotations

import dataclasses
import re
import shlex
import statistics
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from storm_images import images_below

from hpcpy.cluster.layout import Layout
from hpcpy.commands import run
from hpcpy.errors import UsageError
from sharedfs import programs
from sharedfs.added import PACKAGES
from sharedfs.configurations import CONFIGURATIONS, Around, Configuration
from sharedfs.launch import Job
from sharedfs.measure import Plan
from sharedfs.programs import PROGRAMS
from sharedfs.pynamic import wheel
from sharedfs.pynamic.generate import DRIVER, Size, generate


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_python_and_import_nothing_from_files_before_they_begin(
    name: str, configuration: Configuration
) -> None:
    text = programs.source(name, configuration.imports)
    compile(text, name, "exec")
    assert text.partition("begin =")[0].strip() == "import os, time"


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_configurations_put_their_files_into_the_folder_that_nodes_mount(
    configuration: Configuration, tmp_path: Path
) -> None:
    images = images_below(tmp_path)
    for files in configuration.files(images):
        assert Path(files.target).is_relative_to(configuration.folder)
        assert files.source.is_relative_to(tmp_path) or files.source.is_file()
    assert configuration.command(images, tmp_path, ["-c", "pass"])[-2:] == ["-c", "pass"]


def test_what_comes_around_the_ranks_is_a_script_of_the_job(tmp_path: Path) -> None:
    one = Layout(tmp_path, ("n1", "n2"))
    alone = Job(2, 4, ["python3", "-c", "a 'b'"])
    assert alone.words(one)[0] == str(one.bin / "srun")
    assert alone.words(one)[-3:] == ["python3", "-c", "a 'b'"]
    # The home folder is the machine's, where other clusters' nodes have the same names.
    (given,) = (word for word in alone.words(one) if word.startswith("--export="))
    assert ",APPTAINER_CONFIGDIR=/tmp/" in given
    around = Around(("copy || exit 73",), ("remove",))
    first, *rest, script = dataclasses.replace(alone, around=around, entering=["enter"]).words(one)
    assert first == "enter"
    assert rest[-2:] == ["bash", "-c"]
    lines = script.splitlines()
    assert [lines[0], *lines[2:]] == ["copy || exit 73", "code=$?", "remove", "exit $code"]
    assert shlex.split(lines[1])[-3:] == ["python3", "-c", "a 'b'"]


def test_a_copy_lies_where_the_job_says(tmp_path: Path) -> None:
    images = images_below(tmp_path)
    staged = CONFIGURATIONS["static-sif-staged"]
    command = staged.command(images, tmp_path, ["-c", "pass"])
    assert staged.around
    before = staged.around(images, tmp_path, 2).before
    (copying,) = [line for line in before if line.startswith("sbcast")]
    # bash reads the folder's name there, and in the rank's words.
    assert '"$staged/hpcpy.sif"' in copying
    words = Job(2, 1, command, staged.around(images, tmp_path, 2)).words(Layout(tmp_path))
    assert ' "$staged/hpcpy.sif" ' in words[-1]


def test_a_tree_is_mounted_by_each_rank_where_nobody_is_root(tmp_path: Path) -> None:
    ours = images_below(tmp_path)
    images = dataclasses.replace(ours, has_mounts=False)
    for name, one in CONFIGURATIONS.items():
        words = one.command(images, tmp_path / "tree", ["-c", "pass"])
        assert (words[0] == "unshare") == one.needs_root, name
        if one.is_tree:
            assert words[words.index(str(tmp_path / "tree")) - 1] == str(images.root[one.image])
        as_root = one.command(ours, tmp_path / "tree", ["-c", "pass"])
        assert (as_root[0] == "chroot") == (one.needs_root or one.needs_squash), name


def test_pynamic_is_the_same_for_the_same_seed_and_calls_what_it_says() -> None:
    size = Size(modules=3, functions=40, libraries=2, library_functions=5)
    first = generate(size)
    assert generate(size) == first != generate(dataclasses.replace(size, seed=43))
    assert (len(first.modules), len(first.libraries)) == (3, 2)
    calls = 0
    for name, text in first.modules.items():
        heads = re.findall(rf"(?m)^long {name}_f\d+\(long a, double b\) {{", text)
        called = re.findall(r"(?m)return .*(pynamic_library\d+)_f\d+\(a, b\)", text)
        assert 20 <= len(heads) <= 60
        assert sorted(set(called)) == first.needs[name]
        calls += len(heads) + len(called)
    assert calls == first.calls
    assert f"calls != {calls}:" in first.driver
    compile(first.driver, DRIVER, "exec")


def test_the_default_is_of_nerscs_size() -> None:
    sources = generate(Size())
    assert (len(sources.modules), len(sources.libraries)) == (100, 20)
    functions = [text.count("\nlong pynamic_module") / 2 for text in sources.modules.values()]
    assert 90 < statistics.mean(functions) < 110


def test_pynamic_has_no_place_beside_an_image(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["storm", "--programs=pynamic", "--configurations=venv,static-sif"]
    with pytest.raises(UsageError, match="files beside a tree of files") as caught:
        run(words)
    assert caught.value.exit_code == 2
    assert "venv,venv-broadcast,conda,conda-not-compiled,static-files" in str(caught.value)
    assert capsys.readouterr().out == ""


def test_pynamic_as_a_wheel_has_all_its_files(tmp_path: Path) -> None:
    modules = tmp_path / "0a1b2c3d"
    modules.mkdir()
    for name in (f"{DRIVER}.py", "pynamic_module0.so", "libpynamic_library0.so"):
        (modules / name).write_text(name)
    assert wheel.write(modules, tmp_path) == "pynamic"
    (path,) = tmp_path.glob("pynamic-1+0a1b2c3d-py3-none-linux_*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        home = "pynamic-1+0a1b2c3d.dist-info"
        record = archive.read(f"{home}/RECORD").decode()
    assert {path.name for path in modules.iterdir()} < {*names}
    assert [line.split(",")[0] for line in record.splitlines()] == names


def test_podman_hpcs_image_has_no_packages_of_a_program() -> None:
    words = ["storm", "--programs=libraries", "--configurations=venv,static-podman-hpc-shared"]
    with pytest.raises(UsageError, match="lacks what the program libraries imports") as caught:
        run(words)
    assert caught.value.exit_code == 2
    assert "podman" not in caught.value.hint


@pytest.mark.parametrize("names", [("core",), ("libraries",), ("start", "pynamic-in-image")])
def test_packages_are_added_for_programs_that_are_named_alone(names: Sequence[str]) -> None:
    plan = Plan(["venv"], names, [1], [1], 1)
    assert plan.adding == [name for name in PACKAGES if name in names]


def test_a_tree_has_all_packages_where_a_program_may_need_them(tmp_path: Path) -> None:
    images = images_below(tmp_path)
    some, whole = (
        files.without
        for one in (images, dataclasses.replace(images, is_whole=True))
        for files in CONFIGURATIONS["static-files"].files(one)
    )
    assert any("matplotlib" in pattern for pattern in some)
    assert whole == ()
