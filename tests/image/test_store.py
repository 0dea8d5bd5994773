"""Files that lie in the executable are files like any others, to Python."""

# Each call is tested by itself.
# ruff: noqa: PTH110, PTH115, PTH116, PTH121, PTH207, PTH208
from __future__ import annotations

import errno
import glob
import json
import mmap
import os
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running import said

LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDER = LIBRARY / "json"
FILE = FOLDER / "decoder.py"
TEXT = "class JSONDecoder"


def test_it_is_not_on_disk() -> None:
    # A program that is not this Python sees what is on disk.
    done = subprocess.run(["/bin/ls", FOLDER], capture_output=True, text=True, check=True)
    assert "decoder.py" not in done.stdout


def test_no_large_file_of_a_stored_kind_is_on_disk() -> None:
    listed = subprocess.run(
        ["/usr/bin/find", LIBRARY, "-size", "+64k", "-regex", r".*\.\(py\|pyi\|wasm\)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""


def test_it_reads_as_a_file() -> None:
    assert TEXT in FILE.read_text()
    with FILE.open("rb") as file:
        file.seek(10)
        assert file.read(5) == FILE.read_bytes()[10:15]


def test_stat_tells_of_a_plain_old_file_of_roots() -> None:
    found = FILE.stat()
    assert stat.filemode(found.st_mode) == "-rw-r--r--"
    assert (found.st_uid, found.st_gid, found.st_nlink) == (0, 0, 1)
    assert found.st_size == len(FILE.read_bytes())
    assert found.st_dev == FOLDER.stat().st_dev
    assert found.st_mtime == LIBRARY.joinpath("site-packages").stat().st_mtime
    assert found == FILE.lstat() == os.stat(FILE, follow_symlinks=False)


def test_an_open_one_says_the_same_of_itself() -> None:
    with FILE.open() as file:
        found = os.fstat(file.fileno())
    asked = FILE.stat()
    assert (found.st_mode, found.st_size, found.st_mtime) == (
        asked.st_mode,
        asked.st_size,
        asked.st_mtime,
    )


def test_inodes_tell_files_apart() -> None:
    assert FILE.stat().st_ino != FILE.with_name("encoder.py").stat().st_ino
    assert FILE.samefile(FOLDER / ".." / "json" / "decoder.py")


def test_access_asks_for_reading_alone() -> None:
    assert os.access(FILE, os.R_OK)
    assert not os.access(FILE, os.W_OK)
    assert not os.access(FILE, os.X_OK)


@pytest.mark.parametrize(
    "spelled",
    [
        f"{LIBRARY}//json/./decoder.py",
        f"{LIBRARY}/json/../json/decoder.py",
        f"/{FILE}",
        f"/proc/self/root{FILE}",
        f"/opt/hpcpy/bin/../lib/{LIBRARY.name}/json/decoder.py",
    ],
)
def test_other_spellings_are_the_same(spelled: str) -> None:
    assert os.path.samefile(spelled, FILE)
    assert TEXT in Path(spelled).read_text()
    assert os.path.realpath(spelled) in (str(FILE), f"/proc/self/root{FILE}")


def test_a_relative_path_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    assert TEXT in Path("decoder.py").read_text()
    assert TEXT in Path("../json/decoder.py").read_text()
    assert "decoder.py" in os.listdir(".")
    assert not os.path.exists("none.py")


def test_a_folder_that_is_open_has_it() -> None:
    folder = os.open(FOLDER, os.O_RDONLY)
    try:
        assert os.stat("decoder.py", dir_fd=folder).st_size == FILE.stat().st_size
        assert "decoder.py" in os.listdir(folder)
        file = os.open("decoder.py", os.O_RDONLY, dir_fd=folder)
        os.close(file)
    finally:
        os.close(folder)


def test_a_link_to_the_folder_leads_to_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(LIBRARY.parent)
    assert TEXT in (link / LIBRARY.name / "json/decoder.py").read_text()


def test_folders_list_it_once() -> None:
    names = os.listdir(FOLDER)
    assert sorted(names) == sorted(set(names))
    assert {"__init__.py", "decoder.py", "tool.py"} <= set(names)
    assert names == [entry.name for entry in os.scandir(FOLDER)]


def test_a_listing_asks_the_kernel_no_more_often_than_the_disk_needs(tmp_path: Path) -> None:
    script, report = tmp_path / "listing.py", tmp_path / "s.json"
    words = ["-m", "workloads", "startup", "--impl", "ptrace", "--json", str(report), "--"]
    listings = []
    for times in (0, 10):
        script.write_text(f"import os\nfor _ in range({times}): os.listdir({str(LIBRARY)!r})\n")
        subprocess.run([sys.executable, *words, str(script)], check=True, capture_output=True)
        details = json.loads(report.read_text())["results"][0]["details"][0]
        listings.append(details["kinds"].get("getdents", 0))
    # Some pages of entries and the end, not one call for each of 170 files.
    assert listings[1] - listings[0] <= 10 * 3


def test_entries_of_a_folder_know_what_they_are() -> None:
    entry = next(entry for entry in os.scandir(FOLDER) if entry.name == "decoder.py")
    assert entry.is_file()
    assert not entry.is_symlink()
    assert entry.inode() == entry.stat().st_ino == FILE.stat().st_ino


def test_walks_and_patterns_find_it() -> None:
    assert str(FILE) in glob.glob(f"{FOLDER}/*.py")
    assert FILE in FOLDER.iterdir()
    assert FILE in LIBRARY.rglob("deco*r.py")
    assert any(str(FOLDER) == top and "decoder.py" in names for top, _, names in os.walk(LIBRARY))
    assert any(
        top == str(FOLDER) and "decoder.py" in names for top, _, names, _ in os.fwalk(FOLDER)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda: FILE.write_text(""),
        lambda: FILE.open("a"),
        lambda: FILE.open("r+"),
        FILE.unlink,
        lambda: FILE.rename(FILE.with_name("other.py")),
        lambda: FOLDER.rename(FOLDER.with_name("other")),
        lambda: FILE.chmod(0o600),
        lambda: os.utime(FILE),
        lambda: os.truncate(FILE, 0),
        lambda: os.chown(FILE, 0, 0),
    ],
)
def test_whatever_would_change_it_is_told_that_it_cannot(change: Callable[[], object]) -> None:
    with pytest.raises(OSError, match="Read-only file system") as caught:
        change()
    assert caught.value.errno == errno.EROFS
    assert FILE.is_file()


def test_it_cannot_be_made_anew_nor_its_folder_be_removed() -> None:
    with pytest.raises(FileExistsError):
        FILE.open("x")
    with pytest.raises(FileExistsError):
        FILE.mkdir()
    with pytest.raises(OSError, match="not empty"):
        FOLDER.rmdir()


def test_it_is_no_folder_and_no_link() -> None:
    with pytest.raises(NotADirectoryError):
        os.open(FILE, os.O_DIRECTORY)
    with pytest.raises(OSError, match="Invalid argument"):
        os.readlink(FILE)


def test_what_is_not_there_is_not() -> None:
    with pytest.raises(FileNotFoundError):
        (FOLDER / "none.py").read_text()
    assert not (LIBRARY / "none/decoder.py").exists()


def test_it_can_be_mapped_and_not_written() -> None:
    file = os.open(FILE, os.O_RDONLY)
    try:
        assert os.read(file, 3) == FILE.read_bytes()[:3]
        with mmap.mmap(file, 0, prot=mmap.PROT_READ) as mapped:
            assert mapped.find(TEXT.encode()) > 0
        with pytest.raises(PermissionError):
            mmap.mmap(file, 0)
        with pytest.raises(OSError, match=r"not permitted|Bad file descriptor"):
            os.write(file, b"x")
    finally:
        os.close(file)


def test_a_process_inherits_it_only_when_asked() -> None:
    with FILE.open() as file:
        assert not os.get_inheritable(file.fileno())


def test_many_threads_read_at_once() -> None:
    files = sorted(FOLDER.parent.joinpath("email").glob("*.py")) * 20
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda file: len(file.read_bytes()), files))
    assert sizes == [file.stat().st_size for file in files]


def test_a_child_that_was_forked_reads_it() -> None:
    program = f"""
        import os
        if os.fork() == 0:
            print(len(open({str(FILE)!r}).read()), "decoder.py" in os.listdir({str(FOLDER)!r}))
        else:
            os.wait()
    """
    assert said(program) == [str(len(FILE.read_text())), "True"]


def test_another_interpreter_reads_it() -> None:
    program = f"""
        from concurrent import interpreters
        other = interpreters.create()
        other.exec("print(len(open({str(FILE)!r}).read()))")
        other.close()
    """
    assert said(program) == [str(len(FILE.read_text()))]
