"""The folder in which `pack` works: its own, or none."""

import os
import sys
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment

from hpcpy.pack.places import work_folder
from hpcpy_common.errors import DiskError, UsageError
from running import run


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Give a folder that looks like one which a killed pack has left."""
    folder = tmp_path / "precious"
    folder.mkdir(mode=0o700)
    for name in ("lock", "data"):
        (folder / name).touch()
    return folder


def test_what_a_killed_one_has_left_goes(tmp_path: Path, precious: Path) -> None:
    precious.rename(tmp_path / "env.packing")
    with work_folder(tmp_path / "env") as work:
        assert work.parent == tmp_path / "env.packing"
        assert list(work.iterdir()) == []
    assert not (tmp_path / "env.packing").exists()


@pytest.mark.parametrize("kind", ["link", "open to a group", "another's", "a folder of yours"])
def test_what_may_be_anothers_is_refused_and_left(
    tmp_path: Path, precious: Path, kind: str
) -> None:
    made = tmp_path / "env.packing"
    if kind == "link":
        made.symlink_to(precious)
    else:
        precious.rename(made)
    if kind == "open to a group":
        made.chmod(0o770)
    elif kind == "another's":
        if os.geteuid() != 0:
            pytest.skip("gives a folder to another user: as root")
        os.chown(made, 65534, -1)
    elif kind == "a folder of yours":
        (made / "lock").unlink()
    with (
        pytest.raises(UsageError, match=r"env\.packing: is in the way"),
        work_folder(tmp_path / "env"),
    ):
        pass
    assert (made / "data").exists()


def test_a_place_where_nothing_can_be_made_is_named_with_the_next_step() -> None:
    with pytest.raises(DiskError, match=r"/proc/x\.packing: cannot .*; by -o"):  # noqa: SIM117
        with work_folder(Path("/proc/x"), "by -o"):
            pass


@pytest.mark.parametrize("parent", [0o1777, 0o777, 0o755])
def test_anothers_folder_is_refused_before_all_work(tmp_path: Path, parent: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("becomes another user: as root")
    (tmp_path / "env").mkdir()
    tmp_path.chmod(parent)
    code = "import os, sys; from pathlib import Path; from hpcpy.pack.places import work_folder\n"
    code += "os.chdir(sys.argv[1]); os.setuid(65534)\nwith work_folder(Path('env')): pass"
    done = run(sys.executable, "-c", code, tmp_path, env=environment())
    says = "env: belongs to root: only its owner packs it; ask its owner"
    assert says in done.stderr.splitlines()[-1]
    assert [*tmp_path.iterdir()] == [tmp_path / "env"]


def test_a_setting_changes_in_what_its_owner_has_closed(tmp_path: Path) -> None:
    config = tmp_path / ".pack/config"
    config.parent.mkdir()
    config.write_text("HPCPY_PACK_HOT=\0HPCPY_PACK_IMAGE=x\0")
    config.chmod(0o440)
    config.parent.chmod(0o555)
    code = "import sys; from pathlib import Path; from hpcpy.pack.image import with_setting"
    code += "; with_setting(Path(sys.argv[1]), 'HOT', '1+2')"
    done = run(*AS_ANY_USER, sys.executable, "-c", code, tmp_path, env=environment())
    assert done.returncode == 0, done.stderr
    assert config.read_text() == "HPCPY_PACK_IMAGE=x\0HPCPY_PACK_HOT=1+2\0"
    assert [path.stat().st_mode & 0o777 for path in (config, config.parent)] == [0o440, 0o555]


@pytest.mark.parametrize("is_closed", [False, True])
def test_what_is_kept_is_removed_by_the_command_that_is_printed(
    tmp_path: Path, is_closed: bool
) -> None:
    folder = tmp_path / "kept"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/x").touch()
    (folder / "lib").chmod(0o555 if is_closed else 0o755)
    code = "import sys; from pathlib import Path; from hpcpy.pack.places import removal"
    code += "; print(removal(Path(sys.argv[1])))"
    done = run(*AS_ANY_USER, sys.executable, "-c", code, folder, env=environment())
    assert done.stdout.startswith("chmod -R u+w ") == is_closed, done.stderr
    assert run(*AS_ANY_USER, "sh", "-c", done.stdout).returncode == 0
    assert not folder.exists()
