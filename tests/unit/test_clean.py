"""The cache is emptied: nothing outside, nothing in use."""

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest
from processes import python

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import DiskError, UnavailableError
from hpcpy.core.scratch import remove_tree
from running import run as run_program


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a cache in an empty folder; it does not exist yet."""
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.delenv("HPCPY_CHECKOUT_LOCK", raising=False)
    return tmp_path / "hpcpy"


def add(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


DOWNLOAD, PARTIAL = f"downloads/{'0' * 64}/numpy.whl", f"downloads/partial/{'1' * 64}"
FILES = (
    *(DOWNLOAD, PARTIAL, "parts/python-0123.tar", "parts/python-0123.tar.sha256"),
    *("images/hpcpy-0123.oci.tar", "rootfs/base-0123.tar", "engine/apt/lists/Packages"),
    *("apt/pins-x86_64/lists/Packages", "storage/overlay/0123/diff/usr/lib/a.so"),
    "containers-0/overlay/0123/diff/a.so",
)


def fill(cache: Path) -> None:
    for name in FILES:
        add(cache / name)


def left(cache: Path) -> set[str]:
    return {name for name in FILES if (cache / name).exists()}


def test_the_cache_is_emptied_and_an_empty_one_is_fine(cache: Path) -> None:
    fill(cache)
    assert run(["clean", "--cache"]) == 0
    assert not cache.exists()
    assert run(["clean", "--cache"]) == 0


def test_links_are_not_followed(cache: Path, tmp_path: Path) -> None:
    outside = add(tmp_path / "outside/precious")
    fill(cache)
    (cache / "downloads/link").symlink_to(outside.parent)
    (cache / "storage/overlay/link").symlink_to(outside.parent)
    (cache / "parts/link.tar").symlink_to(outside)
    (cache / "rootfs/dangling").symlink_to(tmp_path / "nowhere")
    run(["clean", "--cache"])
    assert outside.exists()
    assert not cache.exists()


def test_checkout_in_the_place_of_the_cache_is_left_alone(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # HPCPY_CACHE=~/src where the checkout is ~/src/hpcpy.
    fill(cache)
    sources = [add(cache / name) for name in ("src/hpcpy/clean.py", "README.md", "env/a.lock")]
    run(["clean", "--cache"])
    assert left(cache) == set()
    assert all(path.exists() for path in sources)
    assert f"{cache / 'README.md'}: left alone" in capsys.readouterr().err


def test_download_that_goes_on_is_left(cache: Path) -> None:
    fill(cache)
    with (cache / PARTIAL).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(UnavailableError, match=rf"process {os.getpid()} .* works on it"):
            run(["clean", "--cache"])
    assert {DOWNLOAD, PARTIAL} <= left(cache)
    run(["clean", "--cache"])
    assert left(cache) == set()


@pytest.mark.skipif(not shutil.which("buildah"), reason="no buildah on this machine")
def test_storage_of_a_killed_build_goes_with_its_mounts(cache: Path) -> None:
    root = cache / "storage"
    buildah = ["buildah", "--root", str(root), "--runroot", str(root / "run")]
    if os.geteuid() != 0:
        buildah = ["buildah", "unshare", *buildah]
    cache.mkdir()
    made = run_program(*buildah, "from", "scratch")
    if made.returncode:
        pytest.skip(f"buildah makes no container here: {made.stderr.strip()}")
    run_program(*buildah, "mount", made.stdout.strip(), check=True)
    run(["clean", "--cache"])
    assert not root.exists()
    assert str(root) not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_no_cluster_has_marked_goes_with_the_rest(cache: Path, kind: str) -> None:
    add(cache.parent / ("build/cluster/x/mine" if kind == "folder" else "build/cluster"))
    assert run(["clean", "--all"]) == 0
    assert not (cache.parent / "build").exists()


def test_what_cannot_be_removed_is_named_with_its_folder(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = add(cache.parent / "build/tools/a/b/f")

    def refuse(name: str, **_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", name)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        with pytest.raises(DiskError, match=f"^{deep}: cannot be removed .Operation not"):
            remove_tree(cache.parent / "build")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_cache_that_is_closed_to_the_user_is_one_line(cache: Path) -> None:
    fill(cache)
    cache.chmod(0o700)
    code = (
        "import os, sys, hpcpy.clean; from hpcpy.__main__ import main;"
        " os.setuid(65534); sys.exit(main(['clean', '--cache']))"
    )
    held = {"HPCPY_CHECKOUT_LOCK": str(paths.ROOT / "build")}
    done = python("-c", code, HPCPY_CACHE=str(cache.parent), **held)
    assert done.returncode == 73
    assert done.stderr.startswith(f"hpcpy clean: {cache}")
    assert done.stderr.endswith("permission denied; set HPCPY_CACHE to a folder of your own\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("is_all", [False, True])
def test_what_was_built_is_removed_with_its_stamps(cache: Path, is_all: bool) -> None:
    build = cache.parent / "build"
    built = ("hpcpy.sif", "hpcpy.sif.json", "hpcpy-python", "hpcpy-python.json", "hpcpy.spdx.json")
    for name in (*built, "hpcpy-python-full-aarch64", "tools/bin/apptainer"):
        add(build / name)
    assert run(["clean", "--all"] if is_all else ["clean"]) == 0
    left = {path.name for path in build.iterdir()} if build.exists() else set()
    assert left == (set() if is_all else {"tools", ".lock"})
