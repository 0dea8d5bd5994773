"""A SIF is the same bytes, whatever mksquashfs and Apptainer the host has."""

import os
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.setup import Engine
from hpcpy.images.cached import write_stamp
from hpcpy.images.outputs import archive_path, is_current_sif
from hpcpy.images.plan import make_plan
from hpcpy.images.sif import make_sif
from running import executable
from small_image import layer, write_archive

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
    write_stamp(archive_path(image), inputs=plan.image_key(image), digest=digest)
    sif = make_sif(plan, image)
    first = sif.read_bytes()
    for name, text in (
        ("mksquashfs", MKSQUASHFS),
        ("apptainer", APPTAINER.format(real=engine["apptainer"].path)),
    ):
        executable(programs / name, text)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert is_current_sif(plan, image)
    sif.unlink()
    assert make_sif(plan, image).read_bytes() == first
