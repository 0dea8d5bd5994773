"""What is packed, updated and undone is as open as it was, and to nobody more."""

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import NOBODY
from packing import COMMAND, as_user, conda_like, pack, public_folder, require
from site_user import require_public

from hpcpy.core import paths
from hpcpy.pack.image import image_of
from running import run

ALONE = {**os.environ, "HPCPY_PACK_HOLD": "0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    require()
    with public_folder() as made:
        yield made


def test_an_image_is_closed_to_those_who_may_not_read_a_file_of_it(folder: Path) -> None:
    prefix = conda_like(folder / "env")
    for mode in (0o640, 0o600):
        (prefix / "share/gdal/data").chmod(mode)
        done = pack(prefix, env=ALONE)
        assert image_of(prefix).stat().st_mode & 0o777 == mode & 0o444
        assert f"closed to those who may not read {prefix}/share/gdal/" in done.stderr
        assert pack("--undo", prefix).returncode == 0


def test_a_group_reads_an_image_if_each_file_that_it_may_read_has_this_group(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives files to other groups: as root")
    prefix = conda_like(folder / "env")
    data = prefix / "share/gdal/data"
    for group, mode, others in ((NOBODY, 0o640, 0), (NOBODY, 0o644, 0o44), (0, 0o640, 0o40)):
        os.chown(data, -1, group)
        data.chmod(mode)
        assert pack(prefix, env=ALONE).returncode == 0
        assert image_of(prefix).stat().st_mode & 0o777 == 0o400 | others
        assert pack("--undo", prefix).returncode == 0


@pytest.mark.parametrize("groups", ["--groups=100", "--clear-groups"])
def test_groups_set_gid_and_modes_outlive_an_update_and_an_undo(folder: Path, groups: str) -> None:
    script, *words = as_user(folder)[-2:]
    as_member = [*as_user(folder)[:-2], script.replace("--clear-groups", groups), *words]
    require_public(paths.ROOT / "hpcpy")
    prefix = conda_like(folder / "mine/env")
    run("chown", "-hR", f"{NOBODY}:100", folder / "mine", check=True)
    for path in (prefix, *prefix.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o2775)
    (prefix / "share/gdal/data").chmod(0o640)
    os.chown(prefix / "bin/python3", -1, NOBODY)
    before = {path: path.lstat() for path in (prefix, *prefix.rglob("*"))}
    env = {**ALONE, "HOME": str(folder / "mine"), "OLDPWD": "/usr"}
    env |= {"XDG_CACHE_HOME": "", "HPCPY_CACHE": ""}

    def act(*more: object) -> None:
        command = ("sh", "-c", 'umask 077; exec "$@"', "sh", "/usr/bin/python3", *COMMAND[1:])
        done = run(*as_member, *command, *more, env=env, cwd="/usr")
        assert done.returncode == 0, done.stderr

    act(prefix)
    act("--update", prefix, "--", "true")
    is_member = groups == "--groups=100"
    status, image = prefix.stat(), image_of(prefix)
    if is_member:
        for path in (prefix, image.parent):
            assert (path.stat().st_gid, path.stat().st_mode & 0o7777) == (100, 0o2555)
        assert (image.stat().st_gid, image.stat().st_mode & 0o777) == (100, 0o440)
    else:
        # The members of the group that it got must not read what is another group's.
        assert (image.stat().st_gid, image.stat().st_mode & 0o777) == (NOBODY, 0o400)
    act("--undo", prefix)
    after = {path: path.lstat() for path in (prefix, *prefix.rglob("*"))}
    assert after.keys() == before.keys()
    for path, status in after.items():
        old = before[path]
        if is_member:
            assert (status.st_mode, status.st_gid) == (old.st_mode, old.st_gid), path
        else:
            assert status.st_mode & 0o707 == old.st_mode & 0o707, path
    if not is_member:
        assert after[prefix / "share/gdal/data"].st_mode & 0o777 == 0o600


def test_nobody_sees_outside_of_the_image_what_was_closed(folder: Path) -> None:
    prefix, private = conda_like(folder / "env"), folder / "private"
    private.mkdir(0o700)
    (private / "diary").write_text("private\n")
    (prefix / "conda-meta/state").write_text('{"env_vars": {"TOKEN": "secret"}}')
    (prefix / "conda-meta/state").chmod(0o600)
    (prefix / "bin/settings.cfg").write_text("x\n")
    (prefix / "bin").chmod(0o700)
    (prefix / "share/jupyter").mkdir(parents=True, exist_ok=True)
    (prefix / "share/jupyter/kernels").symlink_to(private)
    assert pack(prefix, env=ALONE).returncode == 0
    assert (prefix / ".pack/config").stat().st_mode & 0o777 == 0o400
    assert (prefix / "bin").stat().st_mode & 0o777 == 0o500
    kernels = prefix / "share/jupyter/kernels"
    assert kernels.is_symlink() or not kernels.exists()
    shown = run(prefix / "bin/pack-exec", "printenv", "TOKEN", env=ALONE)
    assert (shown.returncode, shown.stdout) == (0, "secret\n"), shown.stderr
    other = run(*as_user(folder), prefix / ".pack/run", env=ALONE)
    assert (other.returncode, other.stderr.count("\n")) == (69, 1), other.stderr
    assert "it is closed to you; ask its owner" in other.stderr


def test_a_name_that_looks_like_a_line_gives_no_file_another_group(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives files to other groups: as root")
    prefix = conda_like(folder / "env")
    data, closed = prefix / "share/gdal/data", prefix / "share/gdal/closed"
    closed.write_text("x\n")
    for path in (data, closed):
        os.chown(path, 0, 100)
        path.chmod(0o660)
    (prefix / "share/gdal/data -> x").symlink_to("nowhere")
    forged = f"z\n-rw-rw---- 0/{NOBODY} 5 2020-01-01 00:00 /share/gdal/closed"
    place = Path(f"{prefix}/{forged}")
    place.parent.mkdir(parents=True)
    place.touch()
    assert pack(prefix, env=ALONE).returncode == 0
    shutil.rmtree(prefix.with_name("env.unpacked"))
    assert pack("--undo", prefix).returncode == 0
    assert (data.stat().st_gid, data.stat().st_mode & 0o777) == (100, 0o660)
    # It cannot be told whose it was.
    assert closed.stat().st_gid != NOBODY
    assert closed.stat().st_mode & 0o077 == 0


def acl(*entries: tuple[int, int, int]) -> bytes:
    """Return an ACL as the kernel takes it: entries of tag, rights and user or group."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


def test_what_has_an_acl_is_its_owners_alone(folder: Path) -> None:
    none = 0xFFFFFFFF
    rights = acl((1, 6, none), (2, 4, NOBODY), (4, 0, none), (16, 4, none), (32, 0, none))
    prefix = conda_like(folder / "env")
    data = prefix / "share/gdal/data"
    try:
        os.setxattr(data, "system.posix_acl_access", rights)
        os.setxattr(folder, "system.posix_acl_default", rights)
    except OSError as error:
        pytest.skip(f"{folder}: its file system has no ACLs ({error.strerror})")
    assert data.stat().st_mode & 0o777 == 0o640  # what the ACL calls the group's is another user's
    assert pack(prefix, env=ALONE).returncode == 0
    assert image_of(prefix).stat().st_mode & 0o777 == 0o400
    shutil.rmtree(prefix.with_name("env.unpacked"))
    undone = pack("--undo", prefix)
    assert undone.returncode == 0
    assert "its files had ACLs" in undone.stderr
    assert data.stat().st_mode & 0o777 == 0o600
    for path in (prefix, *prefix.rglob("*")):
        assert "system.posix_acl_access" not in os.listxattr(path, follow_symlinks=False), path


def test_one_file_elsewhere_is_no_more_open_than_the_way_to_the_environment(folder: Path) -> None:
    home = folder / "home"
    prefix, file = conda_like(home / "env"), folder / "env.run"
    home.chmod(0o700)
    assert pack("--standalone", prefix, "-o", file, env=ALONE).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o700
