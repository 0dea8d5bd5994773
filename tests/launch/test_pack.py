"""`./hpcpy pack` takes a folder's place, and gives it back, whatever interrupts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from itertools import product
from pathlib import Path

import pytest
from packing import (
    COMMAND,
    beside,
    conda_like,
    daemons,
    mounts,
    pack,
    packed,
    reported,
    require,
    tree,
)

from hpcpy.pack.exchange import beside as folder_of
from hpcpy.pack.findings import run_paths
from running import run, wait_until
from tiers import sampled

# A mount ends with its program: of no test is one left.
ENV = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"}


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    require()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conda_like(tmp_path_factory.mktemp("original") / "env")


@pytest.fixture
def prefix(original: Path, tmp_path: Path) -> Path:
    """Give an environment, at a path of its own."""
    copy = tmp_path / "env"
    shutil.copytree(original, copy, symlinks=True)
    script = copy / "bin/report"
    script.write_text(script.read_text().replace(str(original), str(copy)))
    (copy / "share/gdal/twin").unlink()
    os.link(copy / "share/gdal/private", copy / "share/gdal/twin")
    return copy


def test_programs_notice_nothing(prefix: Path) -> None:
    done = pack(prefix, "--remove", env={**os.environ, "PYTHONNOUSERSITE": "1"})
    assert done.returncode == 0, done.stderr
    first, counts, _ = done.stdout.splitlines()
    entries = re.search(r"conda environment, ([0-9,]+) entries, .* -> (\d+) entries", first)
    assert entries
    assert int(entries[1].replace(",", "")) > 500
    assert int(entries[2]) < 20
    # Python itself looks for a zip file in each folder above its own.
    above = len(prefix.parents) - 1
    assert f"before, now {5 + above}, and {3 + above} where the node has the mount" in counts
    python, variables = f"{prefix}/bin/python", [f"{prefix}/share/gdal", "ice", f"{prefix}/lib"]
    expected = [python, str(prefix), str(prefix), ["a b"], variables, f"{prefix}/bin", "/usr", 0]
    expected[-1] = os.getuid()
    assert reported(run(prefix / "bin/report", "a b", cwd="/usr", env=ENV)) == expected
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
    assert (daemons(prefix), mounts(prefix)) == ([], [])


@pytest.mark.parametrize("is_kept", sampled([False, True]))
def test_undo_gives_back_all_that_was(prefix: Path, is_kept: bool) -> None:
    before = tree(prefix)
    packed(prefix, *([] if is_kept else ["--remove"]))
    assert beside(prefix) == ({"env", "env.unpacked"} if is_kept else {"env"})
    again = pack(prefix)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "is packed already; give --update, --undo or --remove" in again.stderr
    done = pack("--undo", prefix)
    assert done.returncode == 0, done.stderr
    assert beside(prefix) == {"env"}
    assert tree(prefix) == before


def test_update_packs_what_a_program_changed(prefix: Path) -> None:
    packed(prefix, "--remove")
    write = (
        "import os, sys; open(sys.prefix + '/share/new', 'w').write('x')\n"
        "os._exit(int(sys.argv[1]))"
    )
    failed = pack("--update", prefix, "--", "python", "-c", write, "3")
    assert failed.returncode == 1
    assert "ended with 3" in failed.stderr
    show = (prefix / "bin/pack-exec", "ls", prefix / "share")
    assert run(*show, env=ENV).stdout.split() == ["gdal"]
    done = pack("--update", prefix, "--", "python", "-c", write, "0")
    assert done.returncode == 0, done.stderr
    assert run(*show, env=ENV).stdout.split() == ["gdal", "new"]
    answer = reported(run(prefix / "bin/report", env=ENV))
    assert answer[4] == [f"{prefix}/share/gdal", "ice", f"{prefix}/lib"]
    assert beside(prefix) == {"env"}
    # The image of before stays for programs that read it.
    images = [path.name for path in (prefix / ".pack").glob("*.sqsh")]
    assert len(images) == 3, images


def test_a_killed_update_is_never_given_back(prefix: Path) -> None:
    before = tree(prefix)
    packed(prefix)
    wait = "import sys, time; open(sys.prefix + '/share/new', 'w'); time.sleep(500)"
    words = [*COMMAND, "--update", str(prefix), "--", "python", "-c", wait]
    changed = folder_of(prefix, "updating") / "share/new"
    with subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True) as job:
        wait_until(changed.exists)
        os.killpg(job.pid, signal.SIGKILL)
    assert pack("--update", prefix, "--", "true").returncode == 0
    assert beside(prefix) == {"env", "env.unpacked"}
    assert pack("--undo", prefix).returncode == 0
    assert tree(prefix) == before


# Whether the signal comes in time hangs on the machine.
@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "moment"),
    list(product([signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ["image", "config"])),
)
def test_an_interrupted_pack_leaves_the_folder(
    prefix: Path, number: signal.Signals, moment: str
) -> None:
    before = tree(prefix)
    packing = folder_of(prefix, "packing")
    with subprocess.Popen([*COMMAND, prefix], stderr=subprocess.PIPE, text=True) as job:
        pattern = ".pack/*.sqsh" if moment == "image" else ".pack/config"
        wait_until(lambda: list(packing.glob(pattern)), job)
        job.send_signal(number)
        _, said = job.communicate(timeout=300)
    if (prefix / ".pack").exists():  # it was faster than the signal
        assert pack("--undo", prefix).returncode == 0
    assert tree(prefix) == before, said
    assert number == signal.SIGKILL or beside(prefix) <= {"env", "env.unpacked"}
    packed(prefix)
    assert beside(prefix) == {"env", "env.unpacked"}


@pytest.mark.long
def test_a_pack_that_was_killed_between_two_renames_is_finished(prefix: Path) -> None:
    before = tree(prefix)
    packed(prefix)
    # After the exchange; of a file system without one after its first and its second rename.
    unpacked, packing = folder_of(prefix, "unpacked"), folder_of(prefix, "packing")
    away = folder_of(prefix, "exchanging")
    unpacked.rename(packing)
    assert pack("--remove", prefix).returncode == 0
    assert beside(prefix) == {"env"}
    prefix.rename(away)
    assert "is packed already" in pack(prefix).stderr
    assert pack("--undo", prefix).returncode == 0
    assert tree(prefix) == before
    packed(prefix)
    unpacked.rename(away)
    assert "is packed already" in pack(prefix).stderr
    assert beside(prefix) == {"env", "env.unpacked"}
    # Undone, and killed before the packed one was removed.
    prefix.rename(away)
    unpacked.rename(prefix)
    assert "is not packed" in pack("--undo", prefix).stderr
    assert beside(prefix) == {"env"}
    assert tree(prefix) == before


def test_what_will_not_work_is_said_before(prefix: Path) -> None:
    outside = prefix.parent / "project"
    outside.mkdir()
    site = prefix / "share/site-packages"
    site.mkdir()
    (site / "__editable__.mine.pth").write_text(f"{outside}/src\n")
    (prefix / "lib/data").symlink_to(outside)
    (prefix / "bin/su").write_text("")
    (prefix / "bin/su").chmod(0o4755)
    done = pack(prefix)
    assert done.returncode == 0, done.stderr
    assert f"pth: {outside}/src: is installed from a folder outside" in done.stderr
    assert f"lib/data -> {outside}: leads out of the environment" in done.stderr
    assert "bin/su: loses its setuid bit" in done.stderr
    assert "what to do: its target must stay; --with FOLDER packs it too" in done.stderr


def test_a_folder_that_links_lead_to_is_packed_with_it(prefix: Path) -> None:
    store = prefix.parent / "store"
    store.mkdir()
    (store / "libx").write_text("x")
    (prefix / "lib/libx").symlink_to(store / "libx")
    packed(prefix, "--with", store, "--remove")
    (store / "libx").write_text("changed outside")
    shown = run(prefix / "bin/pack-exec", "cat", prefix / "lib/libx", env=ENV)
    assert (shown.stdout, shown.stderr) == ("x", "")
    assert pack("--undo", prefix).returncode == 0
    assert (prefix / "lib/libx").readlink() == store / "libx"


def test_run_paths_of_a_library_are_read(tmp_path: Path) -> None:
    if not shutil.which("cc"):
        pytest.skip("no cc; run: make setup TOOLS=compilers")
    (tmp_path / "x.c").write_text("int x;\n")
    options = ("-shared", "-Wl,-rpath,/gone/lib:$ORIGIN/../lib")
    assert run("cc", *options, "-o", tmp_path / "x.so", tmp_path / "x.c").returncode == 0
    assert run_paths(tmp_path / "x.so") == ["/gone/lib", "$ORIGIN/../lib"]
    assert run_paths(tmp_path / "x.c") == []


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (["{}/lib"], "has no folder bin", 2),
        (["{}/gone"], "there is no such folder", 2),
        (["--undo", "{}"], "is not packed", 2),
        (["--update", "{}", "--", "true"], "is not packed", 2),
        (["--with", "{}/gone", "{}"], "there is no such folder", 2),
        (["/usr"], "is no environment of its own", 2),
        (["--launcher", "/bin/false", "{}"], "is no launcher", 69),
    ],
)
def test_a_wrong_request_is_one_line(
    original: Path, words: list[str], says: str, code: int
) -> None:
    done = pack(*(word.format(original) for word in words))
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert says in done.stderr
