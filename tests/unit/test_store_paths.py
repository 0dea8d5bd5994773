"""Which spellings of a path are a stored file's, by the C that the interpreter has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from small_bundle import INTERP

MAIN = """
#define _GNU_SOURCE
#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int __real_open64(const char *path, int flags, ...) { return open(path, flags); }
ssize_t __real_readlink(const char *path, char *to, size_t n) { return readlink(path, to, n); }
int main(int count, char **words)
{
    hpcpy_store_start(words[1]);
    for (int i = 2; i < count; i++) {
        const StoreFile *file = hpcpy_store_find(words[i]);
        errno = ENOENT;
        const StoreFile *late = file ? NULL : hpcpy_store_find_late(AT_FDCWD, words[i]);
        printf("%s %s %d\\n", file ? "at once" : late ? "late" : "no",
               file || late ? hpcpy_store_name(file ? file : late) : "-",
               hpcpy_store_is_below(words[i]));
    }
}
"""
FILES = ("a.py", "json/decoder.py", "json/tool.py", "json-x/b.py", "site-packages/p/q/r.py")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    from store.write import write_store

    folder = tmp_path_factory.mktemp("store")
    data = write_store({name: name.encode() for name in FILES}, 1, lambda pieces: pieces)
    (folder / "files.store").write_bytes(data)
    (folder / "main.c").write_text(MAIN)
    sources = [INTERP / "store.c", INTERP / "store_paths.c", INTERP / "store.S"]
    command = [gcc, "-Wall", "-Wextra", "-Werror", f"-I{INTERP}", f"-Wa,-I,{folder}"]
    command += [folder / "main.c", *sources, "-o", folder / "program"]
    subprocess.run(command, check=True)
    return folder / "program"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "real/lib/python3.14"
    for name in FILES:
        (library / name).parent.mkdir(parents=True, exist_ok=True)
    return library


def asked(program: Path, library: Path, *paths: str | Path, cwd: Path | None = None) -> list[str]:
    done = subprocess.run(
        [program, library, *paths], capture_output=True, text=True, check=True, cwd=cwd
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "spelled",
    [
        "json/decoder.py",
        "json//decoder.py",
        "./json/decoder.py",
        "site-packages/../json/decoder.py",
    ],
)
def test_below_the_library_nothing_is_asked(program: Path, library: Path, spelled: str) -> None:
    assert asked(program, library, f"{library}/{spelled}") == ["at once decoder.py 0"]


@pytest.mark.parametrize(
    "other",
    [
        "json",
        "json/",
        "json/none.py",
        "json/decoder.py/",
        "json/decoder.py/.",
        "jso",
        "",
        "x/../../python3.15/a.py",
    ],
)
def test_what_is_no_stored_file_is_none(program: Path, library: Path, other: str) -> None:
    assert asked(program, library, f"{library}/{other}")[0].startswith("no - ")


def test_another_library_of_the_name_is_another(
    program: Path, library: Path, tmp_path: Path
) -> None:
    venv = tmp_path / "venv/lib/python3.14"
    (venv / "json").mkdir(parents=True)
    assert asked(program, library, venv / "json/decoder.py") == ["no - 0"]


def test_relative_paths_and_links_above_are_resolved(
    program: Path, library: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("real")
    linked = tmp_path / "link/lib/python3.14"
    assert asked(program, library, "decoder.py", cwd=library / "json") == ["late decoder.py 0"]
    assert asked(program, library, "../json/tool.py", cwd=library / "json")[0].startswith("late")
    assert asked(program, library, linked / "json/decoder.py") == ["late decoder.py 0"]
    # The library itself may be known by a link.
    assert asked(program, linked, library / "json/decoder.py") == ["late decoder.py 0"]


def test_folders_with_stored_files_are_not_empty(program: Path, library: Path) -> None:
    below = ["", "/", "/json", "/site-packages", "/site-packages/p", "/site-packages/p/q"]
    paths = [f"{library}{path}" for path in (*below, "/site", "/none", "/json/none")]
    assert [line[-1] for line in asked(program, library, *paths)] == ["1"] * 6 + ["0"] * 3
