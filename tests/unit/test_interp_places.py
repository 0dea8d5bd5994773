"""The interpreter knows where it lies, whatever its caller writes into argv[0]."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

INTERP = Path(__file__).parents[2] / "src/interp"
LIBRARY = "lib/python3.14"
MAIN = """
#include "places.h"
#include <stdio.h>
int main(int count, char **words)
{
    HpcpyPlaces places;
    hpcpy_places_find(&places, words);
    const char *found[] = {places.executable, places.base_executable, places.prefix, places.base};
    for (int i = 0; i < 4; i++) {
        puts(found[i] == NULL ? "-" : found[i]);
    }
    printf("%d %d\\n", hpcpy_started_by_loader(), count);
    hpcpy_places_clear(&places);
}
"""


class Found(NamedTuple):
    executable: str
    base_executable: str
    prefix: str
    base: str


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a prefix with a program that prints its places."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    prefix = tmp_path_factory.mktemp("places") / "own"
    (prefix / "bin").mkdir(parents=True)
    (prefix / LIBRARY / "encodings").mkdir(parents=True)
    (prefix.parent / "main.c").write_text(MAIN)
    program = prefix / "bin/python3.14"
    defined = [f'-DHPCPY_PREFIX="{prefix}"', f'-DHPCPY_LIBRARY="{LIBRARY}"']
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", f"-I{INTERP}", *defined]
    sources = [prefix.parent / "main.c", INTERP / "places.c"]
    subprocess.run([gcc, *flags, *sources, "-o", program], check=True)
    (prefix / "bin/python3").symlink_to("python3.14")
    (prefix / "bin/python").symlink_to("python3")
    return prefix


def found(
    *words: str | Path, file: Path | None = None, cwd: Path | None = None, path: str = "/usr/bin"
) -> Found:
    """Start `file` with `words` as its argv, or `words` as they are; return what it prints."""
    if file is not None:
        # Python itself refuses to start a program with an empty name.
        words = ("/bin/bash", "-c", 'exec -a "$0" "$@"', words[0], file, *words[1:])
    done = subprocess.run(
        words,
        cwd=cwd,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return Found(*done.stdout.splitlines()[:4])


def installed(prefix: Path, executable: str | Path) -> Found:
    """Return what an executable outside of virtual environments has to print."""
    return Found(str(executable), str(executable), str(prefix), str(prefix))


def virtual(folder: Path, home: str | Path, copied: Path | None = None) -> Path:
    """Make a virtual environment, with a link or with a copy, and return its program."""
    (folder / "bin").mkdir(parents=True)
    (folder / LIBRARY / "site-packages").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"version = 3\nHome = {home}\nprompt = x\n")
    program = folder / "bin/python"
    if copied:
        shutil.copy(copied, program)
    else:
        program.symlink_to(f"{home}/python3")
    return program


def loader(program: Path) -> str:
    """Return the path of the dynamic loader that a program names."""
    headers = subprocess.run(
        ["readelf", "-lW", program], capture_output=True, text=True, check=True
    ).stdout
    said = re.search(r"interpreter: (.*)\]", headers)
    assert said
    return said[1]


# What callers write into argv[0]: reloaders, login shells, `exec -a`, broken programs.
CALLED = ["python", "python3", "-python3", "anything", "", "/nowhere/python3", "/usr/bin/env"]


@pytest.mark.parametrize("name", CALLED)
def test_the_kernels_word_counts_and_not_the_callers(own: Path, name: str) -> None:
    program = own / "bin/python3"
    assert found(name, file=program) == installed(own, program)


@pytest.mark.parametrize("name", CALLED)
def test_a_virtual_environment_is_known_whatever_the_caller_says(
    own: Path, tmp_path: Path, name: str
) -> None:
    program = virtual(tmp_path / "venv", own / "bin")
    told = found(name, file=program)
    assert told == Found(str(program), f"{own}/bin/python3.14", f"{tmp_path}/venv", str(own))


def test_a_link_to_this_very_file_may_be_named(own: Path, tmp_path: Path) -> None:
    program = virtual(tmp_path / "venv", own / "bin")
    told = found(str(program), file=own / "bin/python3")
    assert (told.executable, told.prefix) == (str(program), f"{tmp_path}/venv")


def test_nothing_at_all_may_be_in_argv(own: Path) -> None:
    # Linux 5.18 and later put an empty word there.
    program = "import ctypes, sys; ctypes.CDLL(None).execve(sys.argv[1].encode(), None, None)"
    done = subprocess.run(
        ["python3", "-c", program, own / "bin/python3"], capture_output=True, text=True, check=True
    )
    assert Found(*done.stdout.splitlines()[:4]) == installed(own, f"{own}/bin/python3")


def test_a_bare_name_is_what_path_leads_to(own: Path, tmp_path: Path) -> None:
    assert found("python3", path=f"{own}/bin") == installed(own, f"{own}/bin/python3")
    virtual(tmp_path / "venv", own / "bin")
    assert found("python", path=f"{tmp_path}/venv/bin:{own}/bin").prefix == f"{tmp_path}/venv"
    # As shells join a name to a folder that ends with a slash.
    assert found(f"{tmp_path}/venv/bin//python").prefix == f"{tmp_path}/venv"


@pytest.mark.parametrize("name", ["./python3", "python3", "../bin/python3"])
@pytest.mark.parametrize("called", [None, "anything"])
def test_a_relative_path_is_completed(own: Path, name: str, called: str | None) -> None:
    # execv takes the name as it is; subprocess would look a bare name up on PATH.
    program = f"import os; os.chdir({str(own / 'bin')!r}); os.execv({name!r}, [{called or name!r}])"
    done = subprocess.run(["python3", "-c", program], capture_output=True, text=True, check=True)
    told = Found(*done.stdout.splitlines()[:4])
    whole = f"{own}/bin/{name.removeprefix('./')}"
    assert (told.executable, told.base, told.prefix) == (whole, str(own), str(own))


def test_links_from_elsewhere_stay_in_the_name(own: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to(own / "bin/python")
    (tmp_path / "bin/second").symlink_to("first")
    for name in ("first", "second"):
        program = tmp_path / "bin" / name
        assert found(program) == found("x", file=program) == installed(own, program)


def test_paths_that_are_another_file_in_another_process_are_not_taken(own: Path) -> None:
    opened = "import os, sys; os.execve(os.open(sys.argv[1], os.O_RDONLY), [sys.argv[2]], {})"
    file = own / "bin/python3.14"
    for name in ("python3", "/proc/self/exe"):
        command: list[str | Path] = ["python3", "-c", opened, own / "bin/python3", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert Found(*done.stdout.splitlines()[:4]) == installed(own, file)


@pytest.mark.parametrize("option", ["", " -I"])
def test_the_first_line_of_a_script_names_the_program(
    own: Path, tmp_path: Path, option: str
) -> None:
    venv = virtual(tmp_path / "venv", own / "bin")
    for program, prefix in ((own / "bin/python3", own), (venv, tmp_path / "venv")):
        for name in ("python3", "script"):
            script = tmp_path / name
            script.write_text(f"#!{program}{option}\n")
            script.chmod(0o755)
            told = found(script)
            assert (told.executable, told.prefix) == (str(program), str(prefix))
            assert found("x", file=script) == told


def test_a_script_may_ask_env_for_the_program(own: Path, tmp_path: Path) -> None:
    virtual(tmp_path / "venv", own / "bin")
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env python\n")
    script.chmod(0o755)
    path = f"{tmp_path}/venv/bin:/usr/bin"
    assert found(script, path=path).executable == f"{tmp_path}/venv/bin/python"


@pytest.mark.parametrize("named", [[], ["--argv0", "anything"]])
def test_the_loader_may_be_started_instead(own: Path, tmp_path: Path, named: Sequence[str]) -> None:
    program = own / "bin/python3"
    start = [loader(program), *named]
    told = subprocess.run([*start, program], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[4] == ("1 1")
    whole = own / "bin/python3.14" if named else program
    assert Found(*told.splitlines()[:4]) == installed(own, whole)
    venv = virtual(tmp_path / "venv", own / "bin")
    assert found(*start, venv).base == str(own)
    assert found(*start, venv).prefix == str(own if named else tmp_path / "venv")


@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_a_copy_belongs_to_its_virtual_environments_home(
    own: Path, tmp_path: Path, slash: str
) -> None:
    copy = virtual(tmp_path / "venv", f"{own}/bin{slash}", own / "bin/python3.14")
    (tmp_path / "linked").symlink_to("venv")
    for folder in (tmp_path / "venv", tmp_path / "linked"):
        program = folder / "bin" / copy.name
        expected = Found(str(program), f"{own}/bin/python", str(folder), str(own))
        assert found(program) == found("x", file=program) == expected
    # From outside it is a copy like any other.
    (tmp_path / "python").symlink_to(copy)
    assert found(tmp_path / "python").base == str(own)


def test_a_copy_without_a_library_takes_the_builds(own: Path, tmp_path: Path) -> None:
    copy = tmp_path / "some/bin/python3"
    copy.parent.mkdir(parents=True)
    shutil.copy(own / "bin/python3.14", copy)
    assert found(copy) == installed(own, copy)
    virtual(tmp_path / "stale", "/nowhere/bin", copy)
    assert found(tmp_path / "stale/bin/python").base == str(own)


def test_an_installation_may_be_moved(own: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(own, moved, symlinks=True)
    assert found(moved / "bin/python3") == installed(moved, moved / "bin/python3")
    linked = virtual(tmp_path / "linked", moved / "bin")
    copied = virtual(tmp_path / "copied", moved / "bin", moved / "bin/python3.14")
    assert found(linked).base == found(copied).base == str(moved)


def test_all_of_it_goes_without_proc(own: Path, tmp_path: Path) -> None:
    venv = virtual(tmp_path / "venv", own / "bin")
    script = tmp_path / "script"
    script.write_text(f"#!{venv}\n")
    script.chmod(0o755)
    program = own / "bin/python3"
    hidden = "mount -t tmpfs none /proc && exec"
    ways = {
        f"{program}": (program, own),
        f"-a anything {program}": (program, own),
        f"-a /nowhere/python {program}": (program, own),
        f"{venv}": (venv, tmp_path / "venv"),
        f"-a python {venv}": (venv, tmp_path / "venv"),
        f"{script}": (venv, tmp_path / "venv"),
        f"{loader(program)} {venv}": (venv, tmp_path / "venv"),
    }
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "mount", "-t", "tmpfs", "none", "/proc"], check=False).returncode:
        pytest.skip("no user namespaces here; as root: sysctl user.max_user_namespaces=1000")
    for way, (executable, prefix) in ways.items():
        told = found(*alone, "bash", "-c", f"{hidden} {way}")
        assert (told.executable, told.prefix, told.base) == (
            str(executable),
            str(prefix),
            str(own),
        ), way
