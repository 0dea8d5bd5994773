"""Code comes from no folder that another user owns, can write, or has linked."""

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.core.trust import require_own, require_safe_checkout
from hpcpy.engine import podman
from hpcpy.fetch.apt import mirror_of
from hpcpy.images.buildah import buildah
from hpcpy.images.cached import cached
from hpcpy.pins.debian import debian_request
from hpcpy_common.errors import UnavailableError, UsageError
from tiers import sampled

DAEMON = 1
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    parts = tmp_path / "hpcpy/parts"
    parts.mkdir(parents=True)
    for folder in (parts, parts.parent):
        folder.chmod(0o755)
    return parts.parent


def make(path: Path) -> None:
    path.write_text("made")


@pytest.mark.parametrize("name", ["", "parts", "parts/one.tar"])
def test_parts_that_others_can_write_are_not(cache: Path, name: str) -> None:
    (cache / "parts/one.tar").write_text("theirs")
    (cache / name).chmod(0o777)
    with pytest.raises(
        UnavailableError, match=rf"other users can write to .*{name}: .*HPCPY_CACHE"
    ) as told:
        cached("parts", "one.tar", make)
    assert told.value.exit_code == 69
    assert (cache / "parts/one.tar").read_text() == "theirs"


@only_root
def test_a_group_of_several_is_others(cache: Path, checkout: Path) -> None:
    requires: tuple[tuple[Path, Callable[[], object]], ...] = (
        (cache, lambda: require_own(cache)),
        (checkout, require_safe_checkout),
    )
    for path, require in requires:
        path.chmod(0o775)
        # A group of one's own: umask 002 makes such folders.
        require()
        # daemon's group has no member; its name is not root's, either.
        os.chown(path, 0, DAEMON)
        with pytest.raises(UnavailableError, match="other users can write"):
            require()
    # Whoever owns a checkout has written what root runs; a file is in the place of build/.
    (checkout / "build").touch()
    owned(checkout)
    require_safe_checkout()


def test_an_access_list_lets_others_write(cache: Path) -> None:
    cache.chmod(0o775)
    # Owner, one more user, group, mask, others: (tag, permissions, id) each.
    entries = ((1, 7, -1), (2, 7, 4242), (4, 5, -1), (16, 7, -1), (32, 5, -1))
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in entries)
    try:
        os.setxattr(cache, "system.posix_acl_access", content)
    except OSError:
        pytest.skip("no access lists on this file system")
    with pytest.raises(UnavailableError, match="other users can write "):
        require_own(cache)
    cache.chmod(0o755)
    require_own(cache)


def owned(path: Path) -> None:
    os.chown(path, DAEMON, DAEMON)


def linked(path: Path) -> None:
    """Put a link of another user in the place of a folder, to that folder."""
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    os.chown(path, DAEMON, DAEMON, follow_symlinks=False)


USES: dict[str, Callable[[], object]] = {
    # A build begins nothing there.
    "": lambda: run(["build", "oci"]),
    "parts": lambda: cached("parts", "one.tar", make),
    "storage": lambda: contextlib.ExitStack().enter_context(buildah()),
    "apt": lambda: mirror_of(debian_request(), "x86_64"),
    "containers-0": podman.podman_command,
}


@only_root
@pytest.mark.parametrize("change", sampled([linked, owned]))
@pytest.mark.parametrize("name", USES)
def test_anothers_is_not(cache: Path, name: str, change: Callable[[Path], None]) -> None:
    (cache / name).mkdir(exist_ok=True)
    change(cache / name)
    with pytest.raises(UnavailableError, match=rf"{name} belongs to user daemon.*HPCPY_CACHE"):
        USES[name]()
    assert [path.name for path in (cache / name).iterdir() if path.name != "parts"] == []


@only_root
def test_the_one_who_owns_the_checkout_may_own_the_cache(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # `sudo make cluster`: the user's code runs as root in any case.
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for path in (checkout, cache, cache / "parts"):
        owned(path)
    monkeypatch.setattr(paths, "ROOT", checkout)
    assert cached("parts", "one.tar", make).exists()


@only_root
def test_podmans_run_folder_is_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only an ordinary user's run folder lies where anybody could have made it.
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run-4242"))
    (tmp_path / "run-4242").mkdir()
    os.chown(tmp_path / "run-4242", DAEMON, DAEMON)
    with pytest.raises(UnavailableError, match=r"belongs to user daemon.*XDG_RUNTIME_DIR"):
        podman._run_root()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "checkout"
    for folder in ("src/hpcpy", "env", "build/tools"):
        (root / folder).mkdir(parents=True)
    for name in ("Makefile", "hpcpy", "src/hpcpy/own.py"):
        (root / name).touch()
    (root / "src/to-nothing").symlink_to("nothing")
    (root / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return root


@pytest.mark.parametrize("name", ["../..", "src/hpcpy", "src/hpcpy/own.py", "env", "build/tools"])
def test_root_runs_no_checkout_that_others_can_write(checkout: Path, name: str) -> None:
    path = (checkout / name).resolve()
    path.chmod(0o777)
    with pytest.raises(
        UnavailableError, match=f"^other users can write to {path}: .*chmod .*go-w"
    ) as told:
        run(["docs", "none"])
    assert told.value.exit_code == 69
    path.chmod(0o755)
    with pytest.raises(UsageError, match="no page"):
        run(["docs", "none"])


@only_root
def test_root_runs_no_file_of_another_than_the_checkouts_owner(checkout: Path) -> None:
    owned(checkout / "src/hpcpy/own.py")
    with pytest.raises(UnavailableError, match=r"own\.py belongs to user daemon.*git diff"):
        require_safe_checkout()
