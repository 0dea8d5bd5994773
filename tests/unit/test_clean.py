"""The cache is emptied: nothing outside, nothing in use."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment, python, start

from hpcpy.cli.clean import clusters
from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import MIB
from running import wait_until

SLEEP = "import time; print(flush=True); time.sleep(60)"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a cache in an empty folder; it does not exist yet."""
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.delenv("HPCPY_CHECKOUT_LOCK", raising=False)
    return tmp_path / "hpcpy"


def add(path: Path, used: int, size: int = MIB) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(4096) * (size // 4096))
    os.utime(path, (used, used))
    return path


def fill(cache: Path) -> dict[str, Path]:
    made = {
        "download": add(cache / "downloads" / ("0" * 64) / "numpy.whl", 30),
        "partial": add(cache / "downloads/partial" / ("1" * 64), 10),
        "part": add(cache / "parts/python-0123.tar", 20),
        "image": add(cache / "images/hpcpy-0123.oci.tar", 40),
        "rootfs": add(cache / "rootfs/base-0123.tar", 50),
        "engine": add(cache / "engine/debs/apptainer.deb", 60),
        "lists": add(cache / "apt/pins-x86_64/lists/Packages", 70),
        "storage": add(cache / "storage/overlay/0123/diff/usr/lib/a.so", 99),
        "podman": add(cache / "containers-0/overlay/0123/diff/a.so", 99),
    }
    add(made["part"].with_name("python-0123.tar.sha256"), 20, 4096)
    return made


def left(made: dict[str, Path]) -> set[str]:
    return {name for name, path in made.items() if path.exists()}


@pytest.mark.parametrize("name", [".", "hpcpy"])
def test_a_file_in_the_place_of_the_cache_is_left_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(cache.parent / "file"))
    add(cache.parent / "file" / name, 1)
    assert run(["clean", "--cache"]) == 0
    assert (cache.parent / "file" / name).is_file()


def test_the_cache_is_emptied_and_an_empty_one_is_fine(cache: Path) -> None:
    fill(cache)
    assert run(["clean", "--cache"]) == 0
    assert not cache.exists()
    assert run(["clean", "--cache"]) == 0


def test_links_are_not_followed(cache: Path, tmp_path: Path) -> None:
    outside = add(tmp_path / "outside/precious", 1)
    fill(cache)
    (cache / "downloads/link").symlink_to(outside.parent)
    (cache / "storage/overlay/link").symlink_to(outside.parent)
    (cache / "parts/link.tar").symlink_to(outside)
    (cache / "rootfs/dangling").symlink_to(tmp_path / "nowhere")
    run(["clean", "--cache"])
    assert outside.exists()
    assert not cache.exists()


def test_folder_that_is_a_link_is_left_alone(cache: Path, tmp_path: Path) -> None:
    outside = add(tmp_path / "outside/parts/precious", 1)
    cache.mkdir()
    (cache / "parts").symlink_to(outside.parent)
    run(["clean", "--cache"])
    assert outside.exists()


def test_checkout_in_the_place_of_the_cache_is_left_alone(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # HPCPY_CACHE=~/src where the checkout is ~/src/hpcpy.
    made = fill(cache)
    sources = [
        add(cache / name, 1) for name in ("src/hpcpy/cli/clean.py", "README.md", "env/a.lock")
    ]
    run(["clean", "--cache"])
    assert left(made) == set()
    assert all(path.exists() for path in sources)
    assert f"{cache / 'README.md'}: left alone" in capsys.readouterr().err


def test_download_that_goes_on_is_left_and_all_else_goes(cache: Path) -> None:
    made = fill(cache)
    with made["partial"].open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(UnavailableError, match="another process works on it"):
            run(["clean", "--cache"])
    assert left(made) == {"download", "partial"}
    run(["clean", "--cache"])
    assert left(made) == set()


def test_storage_that_a_container_runs_in_is_left(cache: Path) -> None:
    made = fill(cache)
    # conmon has the place of its container on its command line, too.
    with start(SLEEP, "--root", made["podman"].parents[3]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with pytest.raises(UnavailableError, match=f"process {process.pid} works in it"):
                run(["clean", "--cache"])
        finally:
            process.kill()
    assert left(made) == {"podman"}


def test_folder_that_something_is_mounted_in_is_left(cache: Path, tmp_path: Path) -> None:
    outside = add(tmp_path / "outside/precious", 1)
    made = fill(cache)
    command = ["mount", "--bind", str(outside.parent), str(made["download"].parent)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"cannot mount here: {tried.stderr.strip()}")
    try:
        with pytest.raises(UnavailableError, match="something is mounted there"):
            run(["clean", "--cache"])
    finally:
        subprocess.run(["umount", made["download"].parent], check=True)
    assert outside.exists()
    assert left(made) == {"download", "partial"}


@pytest.mark.skipif(not shutil.which("buildah"), reason="no buildah on this machine")
def test_storage_of_a_killed_build_goes_with_its_mounts(cache: Path) -> None:
    root = cache / "storage"
    buildah = ["buildah", "--root", str(root), "--runroot", str(root / "run")]
    if os.geteuid() != 0:
        buildah = ["buildah", "unshare", *buildah]
    cache.mkdir()
    made = subprocess.run(
        [*buildah, "from", "scratch"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"buildah makes no container here: {made.stderr.strip()}")
    subprocess.run([*buildah, "mount", made.stdout.strip()], check=True, capture_output=True)
    run(["clean", "--cache"])
    assert not root.exists()
    assert str(root) not in Path("/proc/self/mountinfo").read_text()


def test_cache_is_not_shrunk_while_a_make_runs_here(cache: Path) -> None:
    made = fill(cache)
    code = (
        "import sys; from pathlib import Path\n"
        "from hpcpy.cli import commands; from hpcpy.core import paths\n"
        "paths.BUILD = Path(sys.argv[1])\ncommands.run(['clean', '--cache'])"
    )
    paths.BUILD.mkdir()
    with (paths.BUILD / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with start(code, paths.BUILD, HPCPY_CACHE=str(cache.parent)) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("waiting for another make here")
            assert left(made) == set(made)
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.wait()
    wait_until(lambda: not cache.exists())
    assert process.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_cache_that_is_closed_to_the_user_is_one_line(cache: Path) -> None:
    fill(cache)
    cache.chmod(0o700)
    code = (
        "import os, sys, hpcpy.cli.clean; from hpcpy.__main__ import main;"
        " os.setuid(65534); sys.exit(main(['clean', '--cache']))"
    )
    held = {"HPCPY_CHECKOUT_LOCK": str(paths.ROOT / "build")}
    done = python("-c", code, HPCPY_CACHE=str(cache.parent), **held)
    assert done.returncode == 73
    assert done.stderr.startswith(f"hpcpy clean: {cache}")
    assert done.stderr.endswith("permission denied; set HPCPY_CACHE to a folder of your own\n")
    assert done.stderr.count("\n") == 1


def test_a_cache_without_locks_is_one_line(cache: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("no strace; on Debian: apt-get install strace")
    fill(cache)
    code = "import sys; from hpcpy.__main__ import main; sys.exit(main(['clean', '--cache']))"
    fails = ["strace", "-f", "-o", "/dev/null", "-e", "inject=flock:error=ENOLCK"]
    held = {"HPCPY_CHECKOUT_LOCK": str(paths.ROOT / "build")}
    done = subprocess.run(
        [*fails, sys.executable, "-c", code],
        env=environment(HPCPY_CACHE=str(cache.parent), **held),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 73
    assert "Traceback" not in done.stderr
    assert "its file system has no locks" in done.stderr.splitlines()[-1]


def test_clusters_of_killed_tests_are_stopped_before_build_is_removed(cache: Path) -> None:
    build = cache.parent / "build"
    for name in ("cluster", "cluster-ends-gw1"):
        (build / name).mkdir(parents=True)
        (build / name / ".hpcpy-cluster").touch()
    (build / "logs").mkdir()
    assert [one.folder.name for one in clusters()] == ["cluster", "cluster-ends-gw1"]
