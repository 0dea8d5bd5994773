"""The one file packs an environment on a host without a checkout, a Python and a compiler."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from injection_ways import NOBODY, forbidden
from packing import public_folder, tree
from standalone_host import built, make_root

from running import Done, executable, printed, run

PACK = ("/mnt/python", "-m", "hpcpy", "pack")
FRESH = {"HPCPY_PACK_HOLD": "0"}
# Of no container: in a changed root (chroot) the kernel gives an ordinary user no namespace.
AS_USER = f"""
root=$1 shared=$2
shift 2
mount --bind "$root" "$root"
for name in proc dev sys; do mount --rbind "/$name" "$root/$name"; done
mount -t tmpfs tmpfs "$root/opt"
mknod "$root/opt/fuse" c 10 229
chmod "${{FUSE:-666}}" "$root/opt/fuse"
mount --bind "$root/opt/fuse" "$root/dev/fuse"
mount --bind "$shared" "$root/mnt"
cd "$root"
pivot_root . srv
exec sh -euc 'umount -l /srv; exec chroot --userspec={NOBODY}:{NOBODY} --groups= / "$@"' sh "$@"
"""
NAMESPACES = ("unshare", "--mount", "--net", "--ipc", "--fork", "sh", "-euc")
# Its squashfs-tools are 4.4, as RHEL 9's.
SUITE = "bullseye"
# What a site takes away, or never had: all that would help, and the package manager itself.
TAKEN = ("python", "perl", "gcc", "cc", "strace", "apt", "dpkg", "apptainer")
In = Callable[..., Done]


@contextlib.contextmanager
def hidden(program: Path) -> Iterator[None]:
    away = program.rename(program.with_name("away"))
    try:
        yield
    finally:
        away.rename(program)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.geteuid() != 0 or forbidden("user namespaces"):
        pytest.skip("becomes another user, in a user namespace: as root")
    packages = ("coreutils", "mount", "squashfs-tools")
    made = make_root(tmp_path_factory.mktemp("root"), SUITE, packages)
    for path in (*made.glob("usr/*bin/*"), *made.glob("usr/lib/python*")):
        if path.name.startswith(TAKEN):
            path.unlink()
    return made


@pytest.fixture
def shared(root: Path) -> Iterator[Path]:
    """Give a folder of that user's, with the one file and an environment."""
    with public_folder() as folder:
        shutil.copy2(built(), folder / "python")
        prefix = folder / "env"
        for name in ("bin", "lib", "closed"):
            (prefix / name).mkdir(parents=True)
        # Its interpreter is in it, and finds its library by its own path.
        shutil.copy(root / "bin/dash", prefix / "bin/shell")
        script = '. /mnt/env/lib/own.sh\nhello "$@"\n'
        executable(prefix / "bin/hello", f"#!/mnt/env/bin/shell\n{script}")
        (prefix / "lib/own.sh").write_text('hello() { echo "hello $*"; }\n')
        (prefix / "lib/twin").hardlink_to(prefix / "lib/own.sh")
        (prefix / "closed").chmod(0o500)
        run("chown", "-hR", f"{NOBODY}:{NOBODY}", folder, check=True)
        os.utime(prefix, (1_700_000_000, 1_700_000_000))
        yield folder


@pytest.fixture
def there(root: Path, shared: Path) -> In:
    """Give a function that runs a command in the root as an ordinary user without a network."""

    def started(*words: object, **variables: str) -> Done:
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **FRESH, **variables}
        return run(*NAMESPACES, AS_USER, "sh", root, shared, *words, env=env)

    return started


def test_an_ordinary_user_packs_and_gets_the_folder_back(there: In, shared: Path) -> None:
    before = tree(shared / "env")
    done = there(*PACK, "/mnt/env", "--", "hello")
    assert done.returncode == 0, done.stderr
    # strace counts; what is read ahead needs none.
    assert "not counted: no strace 5.10 or newer here; install the package strace" in done.stdout
    assert "; read ahead: " in done.stdout
    assert list((shared / "env/.pack").glob("*.image"))
    # Neither the file nor what it has placed is needed any more.
    (shared / "python").rename(shared / "away")
    done = there("/mnt/env/bin/hello", "you", HPCPY_VERBOSE="1")
    assert done.stdout == "hello you\n", done.stderr
    assert "by squashfuse in a namespace" in done.stderr
    # As where nothing can be mounted: Apptainer's path is empty.
    forced = {"HPCPY_PACK_ENGINE": "apptainer", "HPCPY_VERBOSE": "1"}
    done = there("/mnt/env/bin/shell", "-c", "echo hello", **forced)
    said = "HPCPY_PACK_ENGINE=apptainer, and no Apptainer is there; in /mnt/env.unpacked"
    assert (done.stdout, done.stderr) == ("hello\n", f"hpcpy pack: {said}\n")
    (shared / "away").rename(shared / "python")
    # By the kept folder, and by the image alone.
    assert there(*PACK, "--undo", "/mnt/env").returncode == 0
    assert tree(shared / "env") == before
    assert there(*PACK, "/mnt/env").returncode == 0
    shutil.rmtree(shared / "env.unpacked")
    assert there(*PACK, "--undo", "/mnt/env").stdout == "/mnt/env is the folder again\n"
    assert tree(shared / "env") == before
    assert sorted(path.name for path in shared.iterdir()) == ["env", "fuse", "python"]


def test_a_packed_one_is_updated_and_becomes_one_program(there: In) -> None:
    assert there(*PACK, "/mnt/env").returncode == 0
    change = ("sh", "-c", "echo 'hello() { echo new; }' >/mnt/env/lib/own.sh")
    done = there(*PACK, "--update", "/mnt/env", "--", *change)
    assert done.returncode == 0, done.stderr
    assert printed(there("/mnt/env/bin/hello")) == "new\n"
    done = there(*PACK, "--standalone", "/mnt/env", "-o", "/mnt/env.run")
    assert done.returncode == 0, done.stderr
    assert printed(there("/mnt/env.run", "hello")) == "new\n"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("", "no mksquashfs 4.4 or newer here; install the package squashfs-tools"),
        ("--update", "no unsquashfs 4.4 or newer here; install the package squashfs-tools"),
        ("--update", "no unshare here; install the package util-linux"),
    ],
)
def test_what_is_missing_is_one_line_and_nothing_changes(
    root: Path, there: In, shared: Path, action: str, said: str
) -> None:
    words = [*PACK, "/mnt/env"]
    if action:
        assert there(*words).returncode == 0
        words += [action, "--", "true"]
    before = tree(shared / "env")
    with hidden(root / "usr/bin" / said.split()[1]):
        done = there(*words)
    assert (done.returncode, done.stdout) == (69, "")
    *stages, last = done.stderr.splitlines()
    assert last == f"hpcpy pack: {said}"
    assert [line.split()[-2:] for line in stages] == (
        [["unpack", "env"]] if "unshare" in said else []
    )
    assert tree(shared / "env") == before
