"""`./hpcpy pack` takes a folder's place, and gives it back, whatever interrupts it."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from packing import (
    COMMAND,
    ENV,
    conda_like,
    daemons,
    pack,
    packed,
    reported,
    require,
    tree,
    variables,
)

from hpcpy.engine.setup import ensure
from hpcpy.fetch.artifacts import downloads_dir
from hpcpy.pack.image import setting
from hpcpy.pack.places import beside, is_packed
from installed_wheel import build, install
from running import run, start, wait_until
from tiers import sampled


def names(prefix: Path) -> set[str]:
    """Return the folders that lie beside an environment, and its own."""
    return {path.name for path in prefix.parent.iterdir()}


def test_programs_notice_nothing(prefix: Path) -> None:
    program = prefix.parent / "project/my.py"
    program.parent.mkdir()
    program.write_text("import sys; assert sys.prefix.endswith('/env')")
    program.chmod(0o755)
    done = pack(prefix, "--", program, env={**os.environ, "PYTHONNOUSERSITE": "1"})
    assert done.returncode == 0, done.stderr
    first, counts, _ = done.stdout.splitlines()
    entries = re.search(r": ([0-9,]+) entries, .* -> (\d+) entries", first)
    assert entries
    assert int(entries[1].replace(",", "")) > 500
    assert int(entries[2]) < 20
    assert re.search(r"path calls for its files: [0-9]{2,} before, now 5$", counts)
    shutil.rmtree(beside(prefix, "unpacked"))
    python = f"{prefix}/bin/python"
    ours = [python, str(prefix), str(prefix), ["a b"], variables(prefix), f"{prefix}/bin", "/usr"]
    answer = reported(run(prefix / "bin/report", "a b", cwd="/usr", env=ENV))
    assert answer == [*ours, os.getuid()]
    # A virtual environment on top, a link from elsewhere, a name found by PATH.
    top = prefix.parent / "top"
    assert run(python, "-m", "venv", "--without-pip", top, env=ENV).returncode == 0
    show = ("-c", "import sys; print(sys.prefix, sys.base_prefix)")
    for command, more in (
        (top / "bin/python", {}),
        ("python", {"PATH": f"{top}/bin:/usr/bin", "VIRTUAL_ENV": str(top)}),
    ):
        ran = run("env", command, *show, env={**ENV, **more})
        assert ran.stdout.split() == [str(top), str(prefix)]
    (prefix.parent / "mine").symlink_to(python)
    assert run(prefix.parent / "mine", *show, env=ENV).stdout.split()[0] == str(prefix)
    assert run(prefix / "bin/pack-exec", "ls", prefix / "lib", env=ENV).stdout.startswith("python")
    assert (prefix / "conda-meta/history").is_file()
    assert str(prefix) not in Path("/proc/self/mountinfo").read_text()
    wait_until(lambda: not daemons(prefix))


@pytest.mark.long
def test_the_wheel_packs_too_with_what_the_machine_has(prefix: Path, tmp_path: Path) -> None:
    command = install(build(tmp_path / "wheel"), tmp_path / "venv") / "hpcpy"
    # What a user's machine needs; the launcher is compiled of the packages that the checkout has.
    tools = ensure("apptainer")["mksquashfs"].path.parent
    cache = tmp_path / "cache/hpcpy"
    cache.mkdir(parents=True)
    (cache / "downloads").symlink_to(downloads_dir())
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "HPCPY_CACHE": str(cache.parent)}
    for words in (("pack", prefix), ("pack", "--undo", prefix)):
        done = run(command, *words, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert is_packed(prefix) == (len(words) == 2)
        assert reported(run(prefix / "bin/report", env=ENV))[0] == f"{prefix}/bin/python"
    assert {path.name for path in cache.iterdir()} == {"downloads", "logs", "tools"}


def test_the_launchers_variables_are_not_the_programs(prefix: Path) -> None:
    packed(prefix)
    show = ("-c", "import os; print(*sorted(name for name in os.environ if 'PACK_' in name))")
    for how in ("", "apptainer", "folder"):
        done = run(prefix / "bin/python", *show, env={**ENV, "HPCPY_PACK_ENGINE": how})
        assert done.stdout == "HPCPY_PACK_ENGINE HPCPY_PACK_HOLD\n", done
    (prefix / ".pack/config").chmod(0o644)
    text = (prefix / ".pack/config").read_text()
    (prefix / ".pack/config").write_text(text.replace("_IMAGE=", "_IMAGES="))
    damaged = pack("--undo", prefix)
    assert (damaged.returncode, damaged.stderr.count("\n")) == (65, 1)


@pytest.mark.parametrize("how", [(), ("--copies",)])
def test_a_venv_of_a_venv_is_packed_with_its_base(tmp_path: Path, how: tuple[str, ...]) -> None:
    require()
    base = conda_like(tmp_path / "base")
    for python, made in ((base / "bin/python", "first"), (tmp_path / "first/bin/python", "second")):
        venv = (python, "-m", "venv", "--without-pip", *how, tmp_path / made)
        assert run(*venv, env=ENV).returncode == 0
    done = pack(tmp_path / "second", "--", "-c", "import json")
    assert f"packed with it: {base}/lib" in done.stderr
    show = "import sys, json; print(sys.prefix, sys.base_prefix)"
    shown = run(tmp_path / "second/bin/python", "-c", show, env=ENV)
    assert shown.stdout.split() == [str(tmp_path / "second"), str(base)]


@pytest.mark.parametrize("is_kept", sampled([False, True]))
def test_undo_gives_back_all_that_was(prefix: Path, is_kept: bool) -> None:
    (prefix / "share/two\nlines").touch()
    before = tree(prefix)
    packed(prefix)
    assert names(prefix) == {"env", "env.unpacked"}
    if not is_kept:
        shutil.rmtree(beside(prefix, "unpacked"))
    again = pack(prefix)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "is packed already; give --update" in again.stderr
    done = pack("--undo", prefix)
    assert done.returncode == 0, done.stderr
    assert names(prefix) == {"env"}
    assert tree(prefix) == before


@pytest.mark.parametrize("how", ["cp -a", "mv"])
def test_a_copy_and_what_was_moved_change_nothing_at_the_first_place(
    prefix: Path, how: str
) -> None:
    before = tree(prefix)
    other = packed(prefix).with_name("other")
    run(*how.split(), prefix, other, check=True)
    program = (other, "--", "-c", "import json")
    for words in (("--update", *program[:2], "true"), program, ("--standalone", other), (other,)):
        done = pack(*words)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
        assert f"{other}: was packed as {prefix}, " in done.stderr
        assert f"./hpcpy pack --undo {other}" in done.stderr
        assert (f"mv {other} {prefix}" in done.stderr) == (how == "mv")
    if how == "mv":
        prefix.symlink_to(other)
        assert pack(*program).returncode == 0
        prefix.unlink()
    assert pack("--undo", other).returncode == 0
    assert tree(other) == before
    assert prefix.exists() == is_packed(prefix) == (how == "cp -a")


def test_update_packs_what_a_program_changed(prefix: Path) -> None:
    before = tree(prefix)
    packed(prefix)
    write = "import sys; open(sys.prefix + '/share/new', 'w'); {}"
    update = ("--update", prefix, "--", "python", "-c")
    failed = pack(*update, write.format("sys.exit(3)"))
    assert failed.returncode == 1
    assert "ended with exit code 3" in failed.stderr
    killed = pack(*update[:3], "sh", "-c", "kill -9 $$")
    assert (killed.returncode, "was killed by signal 9 (SIGKILL); " in killed.stderr) == (1, True)
    show = (prefix / "bin/pack-exec", "ls", prefix / "share")
    assert run(*show, env=ENV).stdout.split() == ["gdal"]
    assert tree(beside(prefix, "unpacked")) == before
    done = pack(*update, write.format(""))
    assert done.returncode == 0, done.stderr
    assert names(prefix) == {"env"}
    assert run(*show, env=ENV).stdout.split() == ["gdal", "new"]
    answer = reported(run(prefix / "bin/report", env=ENV))
    assert answer[4] == variables(prefix)
    assert pack("--undo", prefix).returncode == 0
    assert names(prefix) == {"env"}
    assert (prefix / "share/new").exists()


def test_programs_that_run_keep_their_files_in_an_update_and_an_undo(prefix: Path) -> None:
    packed(prefix)
    show = "import os, sys; print(os.listdir(sys.prefix + '/share'), open({}).read(1), flush=True)"
    show = show.format("sys.prefix + '/share/gdal/data'")
    each_line = f"""
import subprocess, sys
for line in sys.stdin:
    exec({show!r})
    subprocess.run([sys.executable, "-c", {show!r}])
"""
    new = "import sys; open(sys.prefix + '/share/new', 'w')"
    env = {**ENV, "HPCPY_PACK_HOLD": "600", "HPCPY_VERBOSE": "1"}
    words = (prefix / "bin/python", "-c")
    with start(*words, each_line, env=env, stdin=subprocess.PIPE) as job:
        assert job.stdin and job.stdout  # noqa: PT018
        for change, later in (
            (None, ["['gdal'] x"] * 2),
            (("--update", prefix, "--", "python", "-c", new), ["['gdal', 'new'] x"] * 2),
            (("--undo", prefix), ["['gdal', 'new'] x"] * 2),
        ):
            done = change and pack(*change)
            assert not done or done.returncode == 0, done
            # Opened after the change, by a program in the old mount, by its child, by new starts.
            print(file=job.stdin, flush=True)
            assert [job.stdout.readline() for _ in range(2)] == ["['gdal'] x\n"] * 2
            starts = [run(*words, show, env=env) for _ in range(2)]
            assert [each.stdout.strip() for each in starts] == later
            assert ("joined" in starts[1].stderr) == is_packed(prefix)
        job.communicate()
    for process in daemons(prefix):
        os.kill(process, signal.SIGKILL)


def test_a_umask_closes_nothing(prefix: Path) -> None:
    done = run("sh", "-c", 'umask 077; exec "$@"', "sh", *COMMAND, prefix)
    assert done.returncode == 0, done.stderr
    for name in ("", "bin", ".pack"):
        assert (prefix / name).stat().st_mode & 0o777 == 0o555
    assert (prefix / ".pack/config").stat().st_mode & 0o444 == 0o444


def test_what_will_not_work_is_said_before(prefix: Path) -> None:
    outside = prefix.parent / "project"
    outside.mkdir()
    (prefix / "share/own.pth").write_text(f"{outside}\n/gone/src\n")
    (prefix / "lib/data").symlink_to("../../project")
    (prefix / "share/closed").touch(0o600)
    (prefix / "envs/inner/bin").mkdir(parents=True)
    # An update looks through another folder, which is gone when a user reads of it.
    for words in ((prefix,), ("--update", prefix, "--", "true")):
        done = pack(*words)
        assert done.returncode == 0, done.stderr
        for line in (
            f"{prefix}/share/own.pth -> {outside}: it must stay; --with FOLDER packs it too",
            f"{prefix}/lib/data -> {outside}: its target must stay; --with",
            f"image is closed to those who may not read {prefix}/share/closed",
            f"{prefix}/envs/inner: is an environment inside",
        ):
            assert line in done.stderr
        assert "/gone" not in done.stderr
        assert ".packing" not in done.stderr


def test_a_folder_that_links_lead_to_is_packed_with_it(prefix: Path) -> None:
    store = prefix.parent / "store"
    store.mkdir()
    (store / "libx").write_text("x")
    (prefix / "lib/libx").symlink_to(store / "libx")
    packed(prefix, "--with", store)
    shutil.rmtree(beside(prefix, "unpacked"))
    (store / "libx").write_text("changed outside")
    shown = run(prefix / "bin/pack-exec", "cat", prefix / "lib/libx", env=ENV)
    assert (shown.stdout, shown.stderr) == ("x", "")
    sizes = []
    for _ in range(2):
        assert pack("--update", prefix, "--", "true").returncode == 0
        sizes.append(len(setting(prefix, "BINDS")))
    # Each one lengthened the names in the image, until no file can have one.
    assert sizes[0] == sizes[1]
    assert pack("--undo", prefix).returncode == 0
    assert (prefix / "lib/libx").readlink() == store / "libx"


@pytest.mark.parametrize("name", ["bin/python", "share"])
def test_of_what_lies_in_a_packed_folder_the_folder_is_named(prefix: Path, name: str) -> None:
    packed(prefix)
    for action in ((), ("--undo",)):
        done = pack(*action, prefix / name)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert f"{prefix / name}: lies in a packed folder; give {prefix}\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{}/lib"], "has no folder bin"),
        (["--undo", "{}"], "is not packed"),
        (["--with", "{}/gone", "{}"], "there is no such folder"),
        (["/usr"], "is no environment of its own"),
        (["--undo", "--update", "{}"], "not allowed with"),
        (["--undo", "{}", "--", "my.py"], "a program has no meaning"),
    ],
)
def test_a_wrong_request_is_one_line(original: Path, words: list[str], says: str) -> None:
    done = pack(*(word.format(original) for word in words))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
