"""Images are compared by bytes, which are the same whatever mksquashfs and Apptainer there are."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packed_images import FILES, make_archive, make_sif

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.engine.setup import Engine
from hpcpy.images import sif as images_sif
from hpcpy.images import verify
from hpcpy.images.cached import files_of_clone, write_stamp
from hpcpy.images.outputs import archive_path, is_current_sif
from hpcpy.images.plan import make_plan
from hpcpy.images.verify import compare
from hpcpy_common.errors import IntegrityError, UsageError
from running import executable
from small_image import layer, write_archive


def test_a_sif_with_another_file_differs(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = make_sif(engine, tmp_path / "a", FILES)
    compare(first, Path(shutil.copy(first, tmp_path / "copy")))
    assert "the same bytes" in capsys.readouterr().out
    other = make_sif(engine, tmp_path / "b", {**FILES, "etc/hostname": "other\n"})
    with pytest.raises(IntegrityError, match=r"differs from .*; diffoscope ") as caught:
        compare(first, other)
    assert caught.value.exit_code == 65


PROJECT = '[project]\nversion = "1"\n'
# In the place of the tool: it takes an image that is there, else a second one.
BUILDS = """
import pathlib, shutil
for name in ("hpcpy.oci.tar", "hpcpy.sif"):
    made = pathlib.Path("build", name)
    made.parent.mkdir(exist_ok=True)
    made.exists() or shutil.copy("second.tar", made)
"""


def test_a_release_is_built_again_and_not_compared_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, sif = tmp_path / "release", tmp_path / "release/build/hpcpy.sif"
    for name, value in (("ROOT", release), ("BUILD", sif.parent), ("LOGS", sif.parent / "logs")):
        monkeypatch.setattr(paths, name, value)
    monkeypatch.setattr(verify, "ensure_image", lambda _: (sif, None, None))
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
    for name, text in (("hpcpy", BUILDS), ("pyproject.toml", PROJECT)):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_text(text)
    sif.parent.mkdir()
    for path in (sif, sif.with_name("hpcpy.oci.tar"), release / "second.tar"):
        make_archive(path, FILES)
    assert run(["verify"]) == 0
    # It passed in 3 s, whatever its files were: the copy had hard links to them.
    make_archive(release / "second.tar", FILES, level=1)
    with pytest.raises(IntegrityError, match=r"second.hpcpy.oci.tar differs"):
        run(["verify"])
    assert (release / "build/second.hpcpy.oci.tar").exists()
    # Nor does a clone whose files are built ones.
    for words in ("init --quiet", "add ."):
        subprocess.run(["git", *words.split()], cwd=release, check=True)
    files_of_clone.cache_clear()
    with pytest.raises(UsageError, match="build: git keeps files of it"):
        run(["verify"])


MKSQUASHFS = """\
#!/bin/sh
echo "mksquashfs version 4.9 (2030/01/01)"
test "$1" = -version
"""
# What a newer one writes: another version among the labels.
APPTAINER = """\
#!/bin/sh
if test "$1" = --version; then echo apptainer version 0.0.1; exit; fi
{real} "$@" || exit
for word in "$@"; do
    labels=$word/.singularity.d/labels.json
    test ! -e "$labels" || sed -i 's/\\(usage.apptainer.version": "\\)[^"]*/\\10.0.1/' "$labels"
done
"""


def test_a_sif_is_the_same_bytes_with_any_tools(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, programs = tmp_path / "build", tmp_path / "bin"
    build.mkdir()
    monkeypatch.setattr(paths, "BUILD", build)
    plan = make_plan()
    image = plan.graph.image("hpcpy")
    # Apptainer's own layout needs a shell and its folders.
    digest = write_archive(archive_path(image), [layer({"bin/sh": b"", "etc/passwd": b""})])
    write_stamp(archive_path(image), inputs=plan.archive_key(image), digest=digest)
    sif = images_sif.make_sif(plan, image)
    first = sif.read_bytes()
    for name, text in (
        ("mksquashfs", MKSQUASHFS),
        ("apptainer", APPTAINER.format(real=engine["apptainer"].path)),
    ):
        executable(programs / name, text)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert is_current_sif(plan, image)
    sif.unlink()
    assert images_sif.make_sif(plan, image).read_bytes() == first
