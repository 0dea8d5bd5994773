"""What the interpreter reads in the loader's cache is what the loader reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[2] / "src/interp"
MAIN = """
#include "library.h"
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **names)
{
    char path[4096] = "";
    /* As a program does for its children: the loader goes by what was. */
    unsetenv("LD_LIBRARY_PATH");
    for (int i = 1; i < count; i++) {
        printf("%d %s\\n", hpcpy_in_library_path(names[i]),
               hpcpy_in_loader_cache(names[i], path, sizeof(path)) ? path : "-");
    }
}
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    folder = tmp_path_factory.mktemp("library")
    (folder / "main.c").write_text(MAIN)
    sources = [folder / "main.c", INTERP / "library.c"]
    command = [gcc, "-Wall", "-Wextra", "-Werror", f"-I{INTERP}", *sources, "-o", folder / "asked"]
    subprocess.run(command, check=True)
    return folder / "asked"


def answers(asked: Path, *names: str, path: str = "") -> list[list[str]]:
    env = {"LD_LIBRARY_PATH": path} if path else {}
    done = subprocess.run([asked, *names], env=env, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def test_cached_libraries_are_where_ldconfig_says(asked: Path) -> None:
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    of_machine = re.findall(r"\t(\S+) \(libc6,(?:x86-64|AArch64)\) => (\S+)", listed.stdout)
    first = dict(reversed(of_machine))
    assert first
    assert answers(asked, *first) == [["0", path] for path in first.values()]


def test_unknown_library_is_not_there(asked: Path) -> None:
    assert answers(asked, "libnothing.so.99") == [["0", "-"]]


def test_file_in_a_folder_of_the_variable_is_left_to_the_loader(
    asked: Path, tmp_path: Path
) -> None:
    (tmp_path / "libown.so.1").touch()
    path = f"/nonexistent:{tmp_path}"
    assert [line[0] for line in answers(asked, "libown.so.1", "libm.so.6", path=path)] == ["1", "0"]


@pytest.mark.parametrize("path", [":/a", "/a:", "/a::/b", "$ORIGIN/lib"])
def test_names_that_only_the_loader_understands_are_left_to_it(asked: Path, path: str) -> None:
    assert answers(asked, "libm.so.6", path=path)[0][0] == "1"
