"""The command `hpcpy` that images and the one file have, as a copy of the checkout's files."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.tools import SBIN
from hpcpy.images import own_command
from running import Done, executable, run

# What the image and the one file have as packages of their own.
PACKAGES = ("hpcpy_common", "hpcpy_job", "workloads")
WITH = ("--with", "/etc/ld.so.conf.d")


def copied(folder: Path, *, on_hosts: bool) -> Path:
    for file in own_command.files(on_hosts=on_hosts):
        target = folder / file.relative_to(paths.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    for name in PACKAGES:
        (folder / "src" / name).symlink_to(paths.ROOT / "src" / name)
    # The one file's is compiled; none is started here.
    shutil.copy("/bin/true", folder / "src/hpcpy/pack/launcher/run") if on_hosts else None
    return folder


def started(copy: Path, *words: object, path: object = os.defpath) -> Done:
    code = f"import sys; sys.path.insert(0, '{copy}/src'); from hpcpy.__main__ import main"
    entry = "from hpcpy.core.parser import entry; sys.exit(entry(main))"
    command = [sys.executable, "-IBc", f"{code}; {entry}", *map(str, words)]
    return subprocess.run(
        command, env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    (tmp_path / "env/bin").mkdir(parents=True)
    executable(tmp_path / "env/bin/hello", "#!/bin/sh\necho hello\n")
    return tmp_path / "env"


def test_the_one_file_alone_packs(tmp_path: Path, prefix: Path) -> None:
    image = started(copied(tmp_path / "image", on_hosts=False), "pack", prefix)
    assert (image.returncode, image.stdout) == (2, "")
    assert "unknown command 'pack'; without a checkout there are launch, " in image.stderr
    copy = copied(tmp_path / "file", on_hosts=True)
    assert "give the folder back" in started(copy, "pack", "--help").stdout
    # There is no program hpcpy.
    called = f"{sys.executable} -m hpcpy"
    for words in (("pack", "--help"), ("pack", "--nope", prefix), ("--help",)):
        shown = started(copy, *words)
        said = shown.stdout + shown.stderr
        assert called in said
        assert not re.search(r"(usage:|see|\(|, )\s*hpcpy (pack|docs|COMMAND)\b", said)
    assert started(copy, "setup").returncode == 2
    # As a user types it again.
    done = started(copy, "pack", "--undo", prefix)
    again = f"{sys.executable} -m hpcpy pack {prefix}"
    assert done.stderr == f"hpcpy pack: {prefix}: is not packed; {again}\n"


# The host's version, what else is packed, and the version that this needs.
@pytest.mark.parametrize(
    ("version", "words", "needed"), [("", (), "4.4"), ("4.3", (), "4.4"), ("4.4", WITH, "4.5")]
)
def test_without_mksquashfs_nothing_changes(
    tmp_path: Path, prefix: Path, version: str, words: tuple[str, ...], needed: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    if version:
        executable(programs / "mksquashfs", f"#!/bin/sh\necho mksquashfs version {version}\n")
    elif shutil.which("mksquashfs", path=os.pathsep.join(SBIN)):
        pytest.skip("this machine's lies in a folder of the system's")
    copy = copied(tmp_path / "file", on_hosts=True)
    done = started(copy, "pack", prefix, *words, path=programs)
    said = f"no mksquashfs {needed} or newer here; install the package squashfs-tools"
    assert (done.returncode, done.stdout, done.stderr) == (69, "", f"hpcpy pack: {said}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["env", "file", "programs"]
    assert run(prefix / "bin/hello").stdout == "hello\n"
