"""An environment as one file: launcher, image and configuration."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from injection_ways import NOBODY
from packing import (
    SPACE,
    as_user,
    conda_like,
    end,
    pack,
    reported,
    require,
    tree,
)

from running import Done, first_line, run
from running import start as begin

ENV = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"}
HELD = {**ENV, "HPCPY_PACK_HOLD": "600"}


@pytest.fixture(scope="module")
def prefix(folder: Path) -> Path:
    return conda_like(folder / "env")


@pytest.fixture(scope="module")
def file(folder: Path, prefix: Path) -> Path:
    before = tree(prefix)
    done = pack("--standalone", prefix, "-o", folder / "env.run", "--", "-c", "import json")
    assert done.returncode == 0, done.stderr
    assert "; read ahead: " in done.stdout
    assert {path.name for path in folder.iterdir()} == {"env", "env.run", "fuse"}
    assert tree(prefix) == before
    # All of the environment is in the file; its place stays.
    prefix.rename(folder / "away")
    prefix.mkdir()
    return folder / "env.run"


def start(file: Path, *words: str) -> Done:
    return run(file, *words, env=ENV, cwd="/usr")


def test_its_commands_and_its_python(file: Path, prefix: Path, tmp_path: Path) -> None:
    show = "import sys; print(sys.executable, sys.prefix, *sys.argv)"
    expected = f"{prefix}/bin/python {prefix} -c a b\n"
    for words in (("-c",), ("python", "-c")):
        done = start(file, *words, show, "a b")
        assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)
    (tmp_path / "my.py").write_text(show)
    assert start(file, str(tmp_path / "my.py")).stdout.split()[0] == f"{prefix}/bin/python"
    assert reported(start(file, "report", "x"))[3] == ["x"]
    copy, link = tmp_path / "other.run", tmp_path / "report"
    shutil.copy(file, copy)
    link.symlink_to(copy)
    assert reported(start(link, "x"))[:4:3] == [f"{prefix}/bin/python", ["x"]]
    assert start(copy, "-c", "import sys; sys.exit(5)").returncode == 5


def test_a_link_with_another_name_and_any_command(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "current.run"
    link.symlink_to(file)
    assert start(link, "-c", "print(1)").stdout == "1\n"
    assert start(file, "pack-exec", "sh", "-c", "echo $0 $1", "a", "b").stdout == "a b\n"


def test_a_renamed_folder_takes_no_start_along(tmp_path: Path) -> None:
    require()
    prefix, file = conda_like(tmp_path / "env"), tmp_path / "env.run"
    (prefix / "value").write_text("image")
    assert pack("--standalone", prefix, "-o", file).returncode == 0
    show = ("-c", "import sys; print(open(sys.prefix + '/value').read())")
    assert run(file, *show, env=HELD).stdout == "image\n"
    prefix.rename(tmp_path / "away")
    prefix.mkdir()
    for _ in range(2):
        done = run(file, *show, env=HELD)
        assert (done.stdout, done.stderr) == ("image\n", "")
    end(tmp_path)


def test_each_mount_namespace_has_its_own(file: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("makes mount namespaces: as root")
    # The kernel gives the number of a namespace that has ended to the next one.
    mounted = 'mount -t tmpfs none "$0" && touch "$0/$1" && shift && exec "$@"'
    show = ("-c", "import os, sys; print(os.listdir(sys.argv[1]))", str(tmp_path))
    for name in ("first", "second", "third"):
        words = ("unshare", "--mount", "sh", "-c", mounted, tmp_path, name, file, *show)
        done = run(*words, env=HELD)
        assert (done.stdout, done.stderr) == (f"['{name}']\n", "")
    end(file.parent)


@pytest.mark.parametrize("limit", ["-t 60", "-v 300000"])
def test_a_start_with_a_limit_of_time_or_memory_serves_no_other(file: Path, limit: str) -> None:
    words = ("sh", "-c", f'ulimit {limit} && exec "$@"', "sh", file, "-c", f"{SPACE}; input()")
    end(file.parent)
    with begin(*words, env=HELD, stdin=subprocess.PIPE) as first:
        space = first_line(first)
        assert run(file, "-c", SPACE, env=HELD).stdout != space
        first.communicate("\n")
    end(file.parent)


def test_what_is_not_overwritten(tmp_path: Path) -> None:
    require()
    prefix, other = conda_like(tmp_path / "env"), tmp_path / "results.csv"
    other.write_text("mine")
    wrong = (other, "/dev/null", "/dev/stdout", "-", prefix / "env.run", tmp_path / "none/env.run")
    for name in (*wrong, "/proc/env.run"):
        done = pack("--standalone", prefix, "-o", name)
        code = 2 if name in wrong else 73
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
    assert "give another place by -o" in done.stderr
    assert other.read_text() == "mine"
    assert not (prefix / "env.run").exists()


def test_another_user(file: Path, folder: Path) -> None:
    done = run(*as_user(folder), file, "-c", "import os; print(os.getuid())", env=ENV, cwd="/usr")
    assert (done.stdout, done.stderr) == (f"{NOBODY}\n", "")


def test_what_it_says_where_it_cannot_be_mounted(file: Path, prefix: Path, tmp_path: Path) -> None:
    end(file.parent)
    cut = tmp_path / "cut.run"
    cut.write_bytes(file.read_bytes()[:-100])
    cut.chmod(0o755)
    prefix.rename(prefix.with_name("moved"))
    try:
        done = [start(file, "-c", "pass"), start(cut, "-c", "pass")]
    finally:
        prefix.with_name("moved").rename(prefix)
    if os.geteuid() == 0:
        hidden = 'mount --bind /dev/null /dev/fuse && exec "$@"'
        done.append(run("unshare", "--mount", "sh", "-c", hidden, "sh", file, "-c", "1", env=ENV))
    says = (f"{prefix}: No such file", "is it whole?", "")
    for each, text in zip(done, says, strict=False):
        assert (each.returncode, each.stdout, each.stderr.count("\n")) == (69, "", 1), each
        assert text in each.stderr


def test_a_new_file_is_not_joined_to_the_mount_of_the_old_one(tmp_path: Path) -> None:
    require()
    prefix, file = conda_like(tmp_path / "env"), tmp_path / "env.run"
    show = ("-c", "import sys; print(open(sys.prefix + '/value').read())")
    for value in ("old", "new"):
        (prefix / "value").write_text(value)
        assert pack("--standalone", prefix, "-o", file).returncode == 0
        assert run(file, *show, env=HELD).stdout == f"{value}\n"
    failed = pack("--standalone", prefix, "-o", file, "--", "-c", "import sys; sys.exit(1)")
    assert (failed.returncode, run(file, *show, env=HELD).stdout) == (1, "new\n")
    end(tmp_path)


def test_of_a_packed_folder(folder: Path, tmp_path: Path) -> None:
    prefix = conda_like(tmp_path / "env")
    assert pack(prefix, "--", "-c", "import json").returncode == 0
    done = pack("--standalone", prefix, "-o", tmp_path / "env.run")
    assert done.returncode == 0, done.stderr
    assert start(tmp_path / "env.run", "-c", "import json; print(1)").stdout == "1\n"
    assert not (folder / "env.packing").exists()
