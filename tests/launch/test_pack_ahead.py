"""What a program was recorded to read of a packed environment is read ahead, by the mount."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from packing import conda_like, daemons, end, pack, packed, remove, require

from hpcpy.pack import hot
from hpcpy.pack.image import image_of
from running import run, wait_until

# Their bytes do not become fewer in the image.
FILES, SIZE = 24, 1 << 20
READ = "import sys; [open(f'{sys.prefix}/share/data{n}', 'rb').read() for n in range(%d)]"
ENV = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    require()
    prefix = conda_like(tmp_path_factory.mktemp("ahead") / "env")
    for number in range(FILES):
        (prefix / f"share/data{number}").write_bytes(os.urandom(SIZE))
    yield packed(prefix, "--", "-c", READ % FILES)
    wait_until(lambda: not daemons(prefix))


def size(prefix: Path) -> int:
    return sum(each.size for each in hot.ranges(prefix))


def read_after(prefix: Path, program: str, least: int = 0) -> int:
    """Return how much the daemon has read of the image, once that is the least or more."""
    env = {**ENV, "HPCPY_PACK_HOLD": "600"}
    done = run(prefix / "bin/pack-exec", "python", "-c", program, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (process,) = daemons(prefix)

    def count() -> int:
        return int(Path(f"/proc/{process}/io").read_text().split()[1])

    wait_until(lambda: count() >= least)
    found = count()
    end(prefix)
    return found


def test_a_program_that_reads_what_was_recorded_has_all_of_it_read_ahead(environment: Path) -> None:
    recorded = size(environment)
    assert FILES * SIZE * 0.9 < recorded < image_of(environment).stat().st_size
    none = read_after(environment, "pass")
    assert none < SIZE * 4
    # A short program has little of it, and a longer one all.
    short = (READ % 1).replace("read()", "read(1)")
    assert read_after(environment, short) < none + SIZE * 4
    read_after(environment, READ % 6, none + recorded)


def test_programs_add_to_it_and_an_update_drops_it(tmp_path: Path) -> None:
    require()
    prefix = conda_like(tmp_path / "env")
    for number in range(FILES):
        (prefix / f"share/data{number}").write_bytes(os.urandom(SIZE))
    packed(prefix)
    assert hot.ranges(prefix) == []
    mode = (prefix / ".pack").stat().st_mode
    sizes = []
    for count in (8, 16):
        done = pack(prefix, "--", "-c", READ % count)
        assert re.search(r"read ahead: \d.* in [0-9]+ ranges", done.stdout), done.stderr
        sizes.append(size(prefix))
    assert SIZE * 7 < sizes[0] < sizes[1] - SIZE * 7
    assert (prefix / ".pack").stat().st_mode == mode
    failed = pack(prefix, "--", "-c", "import sys; sys.exit(3)")
    assert (failed.returncode, size(prefix)) == (1, sizes[1])
    assert pack("--update", prefix, "--", "true").returncode == 0
    assert hot.ranges(prefix) == []
    remove(prefix)


@pytest.mark.parametrize(
    "entry",
    ["x", "-3+9", "0+99999999999999999"],
)
def test_a_damaged_list_is_ignored(environment: Path, tmp_path: Path, entry: str) -> None:
    own = tmp_path / "other/.pack"
    own.mkdir(parents=True)
    for name in ("run", "otherwise", "config"):
        shutil.copy(environment / ".pack" / name, own)
    image_of(own.parent).symlink_to(image_of(environment))
    text = (own / "config").read_text().split("\0")
    lines = [line for line in text if not line.startswith("HPCPY_PACK_HOT")]
    (own / "config").write_text("\0".join([f"HPCPY_PACK_HOT={entry}", *lines]))
    (own.parent / "pack-exec").symlink_to(".pack/run")
    program = f"{READ % FILES}; import os; print('HPCPY_PACK_HOT' in os.environ)"
    env = {**ENV, "HPCPY_PACK_HOLD": "0"}
    done = run(own.parent / "pack-exec", "python", "-c", program, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
