"""A packed environment starts: one mount for a user on a node, by each engine, after each kill."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import proc_files
import pytest
from packing import conda_like, daemons, mounts, packed, reported, require
from test_engine_apptainer import AS_USER

from hpcpy.core import paths
from hpcpy.core.removal import remove_tree
from hpcpy.engine.machine import NOBODY, user_namespaces
from hpcpy.engine.prefix import find_apptainer
from running import Done, run, wait_until

JOINED = "hpcpy pack: joined this user's mount on the node\n"


@dataclass(frozen=True)
class Starter:
    """Starts programs of a packed environment as somebody."""

    prefix: Path
    before: tuple[str, ...]

    def run(self, *words: str, **variables: str) -> Done:
        return run(*self.argv(*words), env=self.environment(variables), cwd="/usr")

    def argv(self, *words: str) -> list[str]:
        return [*self.before, str(self.prefix / "bin" / words[0]), *words[1:]]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH",)}
        return {**kept, "OLDPWD": "/usr", "HPCPY_VERBOSE": "1", **variables}

    def ends(self) -> bool:
        return not daemons(self.prefix)


def end(environment: Path) -> None:
    """End the mount of an environment."""
    for process in daemons(environment):
        os.kill(process, signal.SIGTERM)
    wait_until(lambda: not daemons(environment))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not pytest's own: an ordinary user cannot enter root's.
    require()
    made = Path(tempfile.mkdtemp(prefix="hpcpy-pack."))
    made.chmod(0o755)
    (made / "fuse").mkdir()
    yield made
    for process in daemons(made):
        os.kill(process, signal.SIGKILL)
    remove_tree(made)


@pytest.fixture(scope="module")
def environment(folder: Path) -> Path:
    return packed(conda_like(folder / "env"))


@pytest.fixture(params=["self", "user"])
def starter(request: pytest.FixtureRequest, environment: Path) -> Starter:
    """Give an environment to root, who needs no user namespace, and to another user."""
    if request.param == "self":
        return Starter(environment, ())
    if os.geteuid() != 0 or not user_namespaces().there:
        pytest.skip("becomes another user, in a user namespace: as root")
    before = ("unshare", "--mount", "sh", "-c", AS_USER, str(environment.parent / "fuse"))
    return Starter(environment, before)


def test_the_environment_is_whole_and_read_only_for_anybody(starter: Starter) -> None:
    answer = reported(starter.run("report", "x", HPCPY_PACK_HOLD="0"))
    assert answer[:2] == [f"{starter.prefix}/bin/python", str(starter.prefix)]
    assert answer[-1] == (NOBODY if starter.before else os.getuid())
    write = "import sys; open(sys.prefix + '/x', 'w')"
    done = starter.run("python", "-c", write, HPCPY_PACK_HOLD="0")
    assert "Read-only file system" in done.stderr
    show = "import os; print(os.listdir('/proc/self/fd'))"
    done = starter.run("python", "-c", show, HPCPY_PACK_HOLD="0")
    assert done.stdout == "['0', '1', '2', '3']\n"
    assert not mounts(starter.prefix)


def test_a_second_start_joins(environment: Path) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    show = ("python", "-c", "import os; print(os.readlink('/proc/self/ns/mnt'))")
    first = starter.run(*show, HPCPY_PACK_HOLD="600", HPCPY_PACK_ENGINE="userns")
    assert first.stderr.startswith("hpcpy pack: mounted ")
    second = starter.run(*show)
    assert (second.stdout, second.stderr) == (first.stdout, JOINED)
    end(environment)
    third = starter.run(*show, HPCPY_PACK_HOLD="0")
    assert third.stderr.startswith("hpcpy pack: mounted ")
    wait_until(starter.ends)


def test_a_mount_ends_by_itself(environment: Path) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    assert starter.run("python", "-c", "pass", HPCPY_PACK_HOLD="1").returncode == 0
    wait_until(starter.ends)


def test_a_holder_ends_that_can_answer_nobody(environment: Path) -> None:
    # Its socket is no socket: it took a core for ever.  What ends with the daemon stays open.
    line = 'exec -a hpcpy-hold "$0" -1 0 nowhere 3</dev/null 4<&0'
    command = ["bash", "-c", line, str(environment / ".pack/run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as job:
        assert job.wait(timeout=60) == 1


def test_starts_at_once_have_one_mount(environment: Path) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    with ThreadPoolExecutor(16) as pool:
        starts = [
            pool.submit(starter.run, "python", "-c", "pass", HPCPY_PACK_HOLD="600")
            for _ in range(16)
        ]
        lines = sorted(start.result().stderr for start in starts)
    assert lines[:-1] == [JOINED] * 15
    assert len(daemons(environment)) == 2
    end(environment)


@pytest.mark.parametrize("which", ["hpcpy-mount", "hpcpy-hold"])
def test_a_killed_daemon_is_replaced(environment: Path, which: str) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    starter.run("python", "-c", "pass", HPCPY_PACK_HOLD="600")
    for process in daemons(environment):
        if proc_files.read(Path(f"/proc/{process}/cmdline")).startswith(which):
            os.kill(process, signal.SIGKILL)
    wait_until(starter.ends)
    done = starter.run("python", "-c", "print(1)", HPCPY_PACK_HOLD="0")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert done.stderr.startswith("hpcpy pack: mounted ")


def test_a_program_outlives_its_holder_and_a_killed_one_leaves_nothing(environment: Path) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    wait = "import time, sys; print('begun', flush=True); time.sleep(100)"
    environ = starter.environment({"HPCPY_PACK_HOLD": "1"})
    with subprocess.Popen(
        starter.argv("python", "-c", wait), env=environ, stdout=subprocess.PIPE, text=True
    ) as job:
        assert job.stdout
        assert job.stdout.readline() == "begun\n"
        wait_until(lambda: len(daemons(environment)) == 1)
        assert job.poll() is None
        job.kill()
    wait_until(starter.ends)


def test_apptainer_and_the_folder_take_over(environment: Path) -> None:
    starter = Starter(environment, ())
    engine = find_apptainer()
    by_apptainer = starter.run("report", "x y", HPCPY_PACK_ENGINE="apptainer")
    assert f"by {engine}" in by_apptainer.stderr
    answer = reported(by_apptainer)
    assert answer[:2] == [f"{environment}/bin/python", str(environment)]
    assert answer[3] == ["x y"]
    variables = answer[4]
    assert isinstance(variables, list)
    assert variables[:2] == [f"{environment}/share/gdal", "ice"]
    assert str(variables[2]).startswith(f"{environment}/lib:")
    assert answer[6] == "/usr"
    plain = starter.run("python", "-c", "import sys; print(sys.prefix)", HPCPY_PACK_ENGINE="folder")
    assert plain.stdout == f"{environment}.unpacked\n"
    assert f"in {environment}.unpacked" in plain.stderr


def test_who_may_not_mount_is_told_why_and_gets_apptainer(environment: Path) -> None:
    if os.geteuid() != 0 or Path("/dev/fuse").stat().st_mode & 0o006:
        pytest.skip("needs a /dev/fuse that is root's alone, and root to become another user")
    before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    done = Starter(environment, before).run("python", "-c", "pass")
    assert done.stderr.startswith("hpcpy pack: /dev/fuse: Permission denied; by /"), done.stderr


def test_an_image_that_is_damaged_and_a_folder_that_moved_are_one_line(
    environment: Path, tmp_path: Path
) -> None:
    starter = Starter(environment, ())
    wait_until(starter.ends)
    moved = tmp_path / "moved"
    run("cp", "-a", environment, moved, check=True)
    (image,) = (path for path in (moved / ".pack").glob("*.sqsh") if path.name != "skeleton.sqsh")
    image.write_bytes(b"x" * 5000)
    done = Starter(moved, ()).run("python", HPCPY_PACK_HOLD="0", HPCPY_VERBOSE="")
    assert done.returncode == 69
    assert "cannot be read; is it whole?" in done.stderr
    away = environment.with_name("away")
    environment.rename(away)
    try:
        done = Starter(away, ()).run("python", HPCPY_PACK_HOLD="0")
        assert done.returncode == 69
        assert f"this was packed as {environment}" in done.stderr
        assert f"ln -s {away} {environment}" in done.stderr
    finally:
        away.rename(environment)


def test_the_launcher_is_static_and_not_setuid(environment: Path) -> None:
    launcher = environment / ".pack/run"
    assert launcher.stat().st_mode & 0o7777 == 0o755
    listed = run("ldd", launcher)
    assert "not a dynamic executable" in listed.stdout + listed.stderr
    sources = sorted((paths.ROOT / "src/pack").glob("*.[ch]"))
    assert sources
