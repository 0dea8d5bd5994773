"""The Makefile: where it may lie, and its variables reach the program as they were typed."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from makefile import MAKEFILE, copy, make, make_help

from hpcpy.commands import ENVIRONMENT, given, with_settings
from hpcpy.core import paths
from hpcpy_common.errors import UsageError
from running import executable
from tiers import sampled

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make here: apt install make")
BUILT = ("hpcpy.sif", "hpcpy.oci.tar", "logs/x.log", "docs/a/b", "tools/kept")
PLACES = ["a b", 'it\'s a "b" c', "a&b|c", "50%`x` (a) [b]* ?"]


def add_built(folder: Path) -> None:
    for name in BUILT:
        (folder / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "build" / name).touch()


@pytest.mark.parametrize("name", sampled(PLACES))
def test_checkout_may_lie_in_an_odd_place_and_alone_is_cleaned(tmp_path: Path, name: str) -> None:
    checkout, mine = copy(tmp_path / name), tmp_path / "mine"
    (tmp_path / "links").mkdir()
    (tmp_path / "links/Makefile").symlink_to(checkout / "Makefile")
    add_built(mine)
    for words, cwd in (
        (("-f", tmp_path / "links/Makefile"), mine),
        (("-f", Path("..") / name / "Makefile"), mine),
        (("-C", checkout), tmp_path),
    ):
        add_built(checkout)
        assert "clean" in make_help(*words, cwd=cwd)
        for asked, left in ((("clean",), {"tools", ".lock"}), (("clean", "ALL=1"), set())):
            done = make(*words, *asked, cwd=cwd)
            assert (done.returncode, done.stdout) == (0, ""), done.stderr
            assert {path.name for path in checkout.glob("build/*")} == left
        assert not (checkout / "build").exists()
    assert len(list((mine / "build").iterdir())) == len(BUILT)
    assert [path.name for path in mine.iterdir()] == ["build"]


@pytest.mark.parametrize("name", ["a:b", "a$(b)", "a\nb"])
def test_place_that_mounts_cannot_name_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    checkout = copy(tmp_path / name)
    (checkout / "build").mkdir()
    done = make("-f", checkout / "Makefile", "clean", "ALL=1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which mounts cannot have; move the checkout" in done.stderr
    assert done.stderr.index("\n") == done.stderr.index("\nmake: ***")
    assert (checkout / "build").is_dir()


TEXT = MAKEFILE.read_text()
# Target -> the command that it calls; below, target -> the variables of that command.
CALLS = {
    target: " ".join(command.split()[:2])
    for target, command in re.findall(r"^([a-z-]+):.*\n\t@\$\(HPCPY\) (.*)$", TEXT, re.MULTILINE)
}
OF_TARGET = {
    "launch": ["PROGRAM", "W", "NODES", "SITE", "TIME", "DRY"],
    "relink": ["IMAGE", "NAME"],
    "setup": ["TOOLS", *ENVIRONMENT, "HPCPY_CACHE", "HPCPY_DEBIAN_MIRROR"],
}
# {} is a file: it exists if a part of the value was run.
HOSTILE = [
    *("x; touch {}", "$$(touch {})", "$(shell touch {})", "`touch {}`", "' ; touch {} ; '"),
    *('"; touch {}; "', "x\ntouch {}", "${{HOME}}$HOME", "# x", "a\\nb\\\\", "> {}", "é", "-x"),
    *("$(error no)", "$(eval export X:=$(shell touch {}))", "*", "~", "%"),
]
# In Python's place: writes down its words and its variables.
RECORDER = """#!/bin/sh
{ printf '%s\\0' "$@"; printf '==\\0'; env -0; } >"$RECORD"
"""


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    return executable(tmp_path / "python; x", RECORDER)


def recorded(recorder: Path, *words: str, **variables: Any) -> tuple[list[str], dict[str, str]]:
    """Return what the Makefile starts Python with: words and variables."""
    record = recorder.with_name("record")
    done = make(f"PYTHON={recorder}", *words, RECORD=str(record), **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    entries = record.read_bytes().decode().split("\0")
    end = entries.index("==")
    return entries[:end], dict(entry.split("=", 1) for entry in entries[end + 1 : -1])


@pytest.mark.parametrize("target", OF_TARGET)
def test_program_gets_what_was_typed_and_nothing_runs(
    tmp_path: Path, recorder: Path, target: str
) -> None:
    for text in HOSTILE:
        settings = dict.fromkeys(OF_TARGET[target], text.format(tmp_path / "ran"))
        typed = [f"{name}={value}" for name, value in settings.items()]
        words, variables = recorded(recorder, target, *typed)
        assert given(variables["HPCPY_SETTINGS"]) == {"PYTHON": str(recorder), **settings}
        # No word of it is in the command, and make hands nothing on by itself.
        assert words == ["-I", str(paths.ROOT / "hpcpy"), "--from-make", *words[3:]]
        assert " ".join(words[3:5]) == CALLS[target]
        assert not {*settings} & {*variables}
        assert variables.get("MAKEFLAGS", "").strip() == "--no-print-directory"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["python; x", "record"]


def test_variables_of_the_environment_are_not_settings(recorder: Path) -> None:
    stray: dict[str, Any] = dict.fromkeys(("MPI", "TIME", "ACCOUNT", "IMAGE", "NODES"), "x")
    _, variables = recorded(recorder, "-e", "launch", "W=pi", **stray, PYTHON="nosuch")
    assert given(variables["HPCPY_SETTINGS"]) == {"PYTHON": str(recorder), "W": "pi"}
    words = ("launch", "W=pi", "DRY=1", "ENGINE=none", "SITE=local")
    plain, other = make(*words), make(*words, **stray)
    assert plain.returncode == 0
    assert (other.stdout, other.stderr) == (plain.stdout, plain.stderr)


def settings(words: list[str], **variables: str) -> list[str]:
    text = "\n ".join(f"{name}={value}" for name, value in variables.items())
    return with_settings(words, {"HPCPY_SETTINGS": f"{text}\n"})


@pytest.mark.parametrize(
    ("command", "variables", "words"),
    [
        ("run", {"W": "pi --x 'a b'", "IMAGE": "i"}, ["--image=i", "--", "pi", "--x", "a b"]),
        ("launch", {"W": "p 'x'", "NODES": "2"}, ["--nodes=2", "--", "-m", "workloads", "p", "x"]),
        ("launch", {"PROGRAM": "my.py --its", "DRY": "1"}, ["--dry", "--", "my.py", "--its"]),
        ("relink", {"NAME": "--help"}, ["--", "--help"]),
        ("build sif", {"IMAGE": "plain"}, ["--", "plain"]),
        # An empty file name is refused, as in a shell.
        ("release", {"KEY": "", "IMAGE": ""}, ["--key="]),
        ("lock", {"NAME": "a 'b c'"}, ["--only=a", "--only=b c"]),
        # What follows `--` is a program.
        ("pack", {"PREFIX": "/a b", "UNDO": "1"}, ["--undo", "/a b"]),
    ],
)
def test_variables_become_options_and_words_after_them(
    command: str, variables: dict[str, str], words: list[str]
) -> None:
    assert settings(command.split(), **variables) == [*command.split(), *words]


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (["launch"], {"NODE": "2"}, "'NODE' is no variable of this target; did you mean NODES?"),
        (["run"], {"W": "pi 'x"}, "no closing quotation"),
        (["launch"], {"W": "pi", "PROGRAM": "x"}, "both W and PROGRAM are given"),
        (["launch"], {"TIME": "1\\n#SBATCH --x"}, r"TIME='1\n#SBATCH --x' is not one line of text"),
        (["sbom"], {"IMAGE": "a\x1b[2J"}, "one line of text"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    words: list[str], variables: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        settings(words, **variables)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
