"""What the interpreter reads in the loader's cache is what the loader reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[2] / "src/interp"
NOWHERE, UNREADABLE = -1, -2
MAIN = """
#include "library.h"
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **names)
{
    const char *const *asked = (const char *const *)names + 1;
    char (*paths)[4096] = calloc((size_t)count, sizeof(*paths));
    /* As a program does for its children: the loader goes by what was. */
    unsetenv("LD_LIBRARY_PATH");
    printf("%d\\n", hpcpy_in_library_path(asked, count - 1));
    hpcpy_in_loader_cache(asked, count - 1, getenv("LAST"), paths);
    for (int i = 0; i < count - 1; i++) {
        printf("%s\\n", paths[i][0] != '\\0' ? paths[i] : "-");
    }
}
"""


def compiled(folder: Path, source: Path) -> Path:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    (folder / "main.c").write_text(MAIN)
    sources = [folder / "main.c", source]
    command: list[str | Path] = [
        gcc,
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{INTERP}",
        *sources,
        "-o",
        folder / "asked",
    ]
    subprocess.run(command, check=True)
    return folder / "asked"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("library"), INTERP / "library.c")


def answers(asked: Path, *names: str, path: str = "", last: str = "") -> tuple[int, list[str]]:
    env = {"LAST": last} | ({"LD_LIBRARY_PATH": path} if path else {})
    done = subprocess.run([asked, *names], env=env, capture_output=True, text=True, check=True)
    first, *paths = done.stdout.splitlines()
    return int(first), paths


def test_cached_libraries_are_where_ldconfig_says(asked: Path) -> None:
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    of_machine = re.findall(r"\t(\S+) \(libc6,x86-64\) => (\S+)", listed.stdout)
    first = dict(reversed(of_machine))
    assert first
    assert answers(asked, *first) == (NOWHERE, list(first.values()))


def test_unknown_library_is_not_there(asked: Path) -> None:
    assert answers(asked, "libnothing.so.99") == (NOWHERE, ["-"])


def test_one_path_of_the_cache_is_taken_only_where_there_is_no_other(tmp_path: Path) -> None:
    source = (INTERP / "library.c").read_text()
    (tmp_path / "library.c").write_text(source.replace("/etc/ld.so.cache", f"{tmp_path}/cache"))
    asked = compiled(tmp_path, tmp_path / "library.c")
    libraries = [tmp_path / name / "libown.so.12" for name in ("one", "two")]
    for library in libraries:
        library.parent.mkdir()
        options: list[str | Path] = [
            "-shared",
            "-Wl,-soname,libown.so.12",
            "-o",
            library,
            "-x",
            "c",
            "/dev/null",
        ]
        subprocess.run(["gcc", *options], check=True)
    (tmp_path / "conf").write_text("".join(f"{one.parent}\n" for one in libraries))
    ldconfig: list[str | Path] = [
        "/sbin/ldconfig",
        "-X",
        "-f",
        tmp_path / "conf",
        "-C",
        tmp_path / "cache",
    ]
    subprocess.run(ldconfig, check=True)
    first, second = map(str, libraries)
    for last, taken in (("", first), (first, second), (second, first)):
        assert answers(asked, "libown.so.12", last=last) == (NOWHERE, [taken])
    libraries[1].unlink()
    subprocess.run(ldconfig, check=True, capture_output=True)
    assert answers(asked, "libown.so.12", last=first) == (NOWHERE, [first])


def test_the_first_folder_of_the_variable_that_has_any_decides(asked: Path, tmp_path: Path) -> None:
    files = ("one/libown.so.40", "two/libown.so.12", "two/libown.so.40")
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    names = ("libown.so.12", "libown.so.40")
    for folders, index in ((("one", "two"), 1), (("two", "one"), 0), (("none",), NOWHERE)):
        path = ":".join(str(tmp_path / folder) for folder in ("none", *folders))
        assert answers(asked, *names, path=path)[0] == index


@pytest.mark.parametrize("path", [":/a", "/a:", "/a::/b", "$ORIGIN/lib"])
def test_names_that_only_the_loader_understands_are_left_to_it(asked: Path, path: str) -> None:
    assert answers(asked, "libm.so.6", path=path)[0] == UNREADABLE
