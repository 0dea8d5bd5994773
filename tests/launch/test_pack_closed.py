"""`./hpcpy pack` of folders that cannot be moved: refused in one line, and as they were."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY, NOBODY
from local_cluster import only_root
from packing import COMMAND, pack, packed, public_folder, require, tree
from site_user import require_public

from hpcpy.core import paths
from hpcpy.pack.places import beside
from running import Done, run

pytestmark = only_root
COLLEAGUE = 2002
ALONE = {**os.environ, "HPCPY_PACK_HOLD": "0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    require()
    require_public(paths.ROOT / "hpcpy")
    with public_folder() as made:
        (made / "home").mkdir()
        os.chown(made / "home", NOBODY, NOBODY)
        yield made


def small(prefix: Path, owner: int) -> Path:
    for name in ("bin", "lib", "share"):
        (prefix / name).mkdir(parents=True)
        (prefix / name / "value").write_text("before\n")
    (prefix / "bin/show").symlink_to("/bin/true")
    run("chown", "-hR", f"{owner}:{owner}", prefix.parent, check=True)
    return prefix


def act(folder: Path, *words: object, mounts: str = ":") -> Done:
    """Pack as an ordinary user, for whom root opens /dev/fuse and has mounted something."""
    script = f"""
mount -t tmpfs -o mode=755 tmpfs "$0" && mknod "$0/fuse" c 10 229 && chmod 666 "$0/fuse" &&
mount --bind "$0/fuse" /dev/fuse && {mounts} && exec {" ".join(AS_NOBODY)} "$@"
"""
    command = ("unshare", "--mount", "sh", "-c", script, folder / "fuse", "/usr/bin/python3")
    env = {**ALONE, "HOME": str(folder / "home"), "XDG_CACHE_HOME": "", "HPCPY_CACHE": ""}
    done = run(*command, *COMMAND[1:], *words, env=env, cwd="/usr")
    assert "Traceback" not in done.stderr
    return done


def refused(done: Done, says: str) -> None:
    assert done.returncode == 73, done
    assert says in done.stderr.splitlines()[-1]


def test_a_folder_of_another_user_is_refused_before_anything_moves(folder: Path) -> None:
    # Its undo failed half way, each time again.
    prefix = small(folder / "mine/env", NOBODY)
    os.chown(prefix / "lib", COLLEAGUE, COLLEAGUE)
    before = tree(prefix)
    closed = f"{prefix}/lib: is closed to you; have {COLLEAGUE} let you write there"
    done = act(folder, prefix)
    refused(done, closed)
    assert "try --standalone" in done.stderr
    assert (tree(prefix), [path.name for path in prefix.parent.iterdir()]) == (before, ["env"])
    # One that became another's since.
    os.chown(prefix / "lib", NOBODY, NOBODY)
    assert act(folder, prefix).returncode == 0
    before, unpacked = tree(prefix), beside(prefix, "unpacked")
    os.chown(unpacked / "lib", COLLEAGUE, COLLEAGUE)
    for words in (("--undo", prefix), ("--update", prefix, "--", "true")):
        refused(act(folder, *words), closed.replace("env/", "env.unpacked/"))
        assert tree(prefix) == before
        assert not beside(prefix, "packing").exists()
    (unpacked / "lib").chmod(0o777)
    assert act(folder, "--undo", prefix).returncode == 0
    assert [path.name for path in prefix.parent.iterdir()] == ["env"]


def test_what_a_colleague_has_made_in_an_open_folder_is_moved_and_removed(folder: Path) -> None:
    # It stayed for ever in env.packing, and grew with each update.
    prefix = small(folder / "mine/env", NOBODY)
    for path in (prefix / "lib", prefix / "bin"):
        os.chown(path, COLLEAGUE, NOBODY)
        path.chmod(0o2775)
    before = tree(prefix)
    assert act(folder, prefix).returncode == 0
    assert act(folder, "--undo", prefix).returncode == 0
    assert {name: content for name, (*_, content) in tree(prefix).items()} == {
        name: content for name, (*_, content) in before.items()
    }
    assert act(folder, prefix).returncode == 0
    done = act(folder, "--update", prefix, "--", "true")
    assert (done.returncode, "not permitted" in done.stderr) == (0, False), done
    assert [path.name for path in prefix.parent.iterdir()] == ["env"]


def test_each_command_that_is_printed_names_a_path_that_a_shell_takes_apart(folder: Path) -> None:
    # `rm -r a&b` removes another folder, and starts what the second name is.
    prefix = small(folder / "mine/a&b;(c)*", 0)
    kept, moved = beside(prefix, "unpacked"), prefix.with_name("m'o|v")
    printed = [(prefix, pack("--undo", prefix).stderr)]
    printed += [(kept, pack(prefix).stdout)]
    prefix.rename(moved)
    printed += [(moved, pack(moved).stderr), (prefix, pack(moved).stderr)]
    lost = run(moved / "bin/pack-exec", "true", env=ALONE)
    assert lost.returncode == 69
    printed += [(moved, lost.stderr), (prefix, lost.stderr)]
    config = moved / ".pack/config"
    config.chmod(0o600)
    config.write_text("")
    kept.rename(beside(moved, "unpacked"))
    printed += [(moved, pack("--undo", moved).stderr)]
    for path, text in printed:
        # Python and shells write a quote within quotes in two ways.
        escaped = str(path).replace("'", "'\\''")
        assert f" {shlex.quote(str(path))}" in text or f" '{escaped}'" in text, (path, text)


def test_a_mount_point_is_refused(folder: Path) -> None:
    prefix = small(folder / "mine/env", NOBODY)
    before = tree(prefix)
    mounts = f"mount --bind {prefix} {prefix}"
    refused(act(folder, prefix, mounts=mounts), f"{prefix}: is a mount point; umount it")
    assert tree(prefix) == before
    assert act(folder, prefix).returncode == 0
    before = tree(prefix)
    for words in (("--undo", prefix), ("--update", prefix, "--", "true")):
        refused(act(folder, *words, mounts=mounts), f"{prefix}: is a mount point; umount it")
        assert tree(prefix) == before


def on_overlay(folder: Path, *words: object) -> Done:
    """Pack what lies in a lower layer, whose folders cannot be renamed; show what is there then."""
    for name in ("upper", "work"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    mount = f"lowerdir={folder}/mine,upperdir={folder}/upper,workdir={folder}/work,redirect_dir=off"
    show = f'"$@"; code=$?; cd {folder}/mine && find . | sort; exit $code'
    script = f"mount -t overlay -o {mount} overlay {folder}/mine && {show}"
    done = run("unshare", "--mount", "sh", "-c", script, "sh", *COMMAND, *words, env=ALONE)
    if "mount:" in done.stderr:
        pytest.skip(f"no overlay here: {done.stderr}")
    assert "Traceback" not in done.stderr
    return done


def listed(folder: Path) -> list[str]:
    return run("sh", "-c", f"cd {folder} && find . | sort").stdout.splitlines()


def test_a_containers_own_layer_is_refused_or_undone(folder: Path) -> None:
    prefix = small(folder / "mine/env", 0)
    whole = listed(folder / "mine")
    done = on_overlay(folder, prefix)
    refused(done, f"{prefix}: cannot be moved out of a container's own layers; put a copy")
    assert done.stdout.splitlines() == whole
    packed(prefix)
    done = on_overlay(folder, "--undo", prefix)
    refused(done, f"{prefix}.unpacked: cannot be moved out of a container's own layers; put")
    assert done.stdout.splitlines() == listed(folder / "mine")
    shutil.rmtree(beside(prefix, "unpacked"))
    done = on_overlay(folder, "--undo", prefix)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, whole), done
