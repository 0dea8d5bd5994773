"""The interpreter finds what the loader opens, whatever its cache and LD_LIBRARY_PATH hold.

It reads nothing beyond the cache's end.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fuzzing import DRIVERS, Driver, cases, compiled, driver, text
from hypothesis import example, given
from hypothesis import strategies as st

from running import run

NOWHERE, UNREADABLE = -1, -2
NAMES = ("libfuzz.so.1", "libfuzz.so.2")
# Which of them are in which folder.
FOLDERS: dict[str, Sequence[str]] = {"none": (), "one": NAMES[:1], "two": NAMES[1:], "both": NAMES}
WORDS = st.sampled_from([b"libfuzz.so.1", b"libfuzz.so.2", b"", b"/a/libfuzz.so.1", b"x" * 5000])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with driver(tmp_path_factory.mktemp("driver"), "library") as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make folders with libraries, and the program that has the loader open them."""
    folder = tmp_path_factory.mktemp("libraries")
    compiled(folder / "opens", DRIVERS / "opens.c", options=())
    for name, libraries in FOLDERS.items():
        (folder / name).mkdir()
        for one in libraries:
            named = f"-Wl,-soname,{one}"
            empty = ["-shared", named, "-x", "c", "/dev/null"]
            subprocess.run(["gcc", *empty, "-o", folder / name / one], check=True)
    return folder


def opened(folder: Path, cwd: str, path: str, *before: str) -> list[str]:
    env = {"LD_LIBRARY_PATH": path} if path else {}
    done = run(*before, folder / "opens", *NAMES, cwd=folder / cwd, env=env, check=True)
    return done.stdout.splitlines()


def parts() -> st.SearchStrategy[str]:
    named = st.sampled_from(["", ".", "../both", *(f"{{}}/{name}" for name in FOLDERS)])
    joined = st.lists(st.tuples(named, st.sampled_from(":;")), min_size=1, max_size=5)
    return joined.map(lambda found: "".join(part + end for part, end in found)[:-1])


@cases(250)
@given(cwd=st.sampled_from([*FOLDERS]), path=parts())
# An empty part between semicolons was taken as the root, not as the working directory.
@example(cwd="two", path="{}/none;;{}/one")
@example(cwd="one", path=";{}/two")
@example(cwd="both", path="{}/none;")
def test_the_variable_is_read_as_the_loader_does(
    library: Driver, folder: Path, cwd: str, path: str
) -> None:
    path = path.replace("{}", str(folder))
    here = text(os.fspath(folder / cwd))
    answer = int(library.ask(b"path\0", here, text(path), *map(text, NAMES)))
    searched = [(folder / cwd / part).resolve() for part in path.replace(";", ":").split(":")]
    places = [
        (searched.index((folder / cwd / found).resolve().parent), index)
        for index, found in enumerate(opened(folder, cwd, path))
        if found
    ]
    if answer == UNREADABLE:
        assert "" in path.replace(";", ":").split(":")
    else:
        assert answer == (min(places)[1] if places else NOWHERE)


@cases(1500)
@given(path=st.text(":;$./ab\n\x7fé", max_size=40))
def test_any_variable_is_read(library: Driver, folder: Path, path: str) -> None:
    answer = library.ask(b"path\0", text(os.fspath(folder)), text(path), *map(text, NAMES))
    assert int(answer) in (NOWHERE, UNREADABLE)


@st.composite
def caches(draw: st.DrawFn) -> bytes:
    """Return texts and bytes in any order, cut anywhere."""
    parts = draw(st.lists(WORDS.map(text) | WORDS | st.binary(max_size=60), max_size=8))
    whole = b"".join(parts)
    return whole[: draw(st.just(len(whole)) | st.integers(0, len(whole)))]


@cases(2500)
@given(file=caches(), soname=WORDS, own=WORDS)
def test_any_cache_is_read_to_its_end_and_not_beyond(
    library: Driver, file: bytes, soname: bytes, own: bytes
) -> None:
    answer = library.ask(b"cache\0", file, text(soname), text(own)).removesuffix(b"\n")
    assert not answer or (answer + b"\0" in file and answer.endswith(b"/" + soname))
    assert not answer or answer != own


@cases(25)
@given(
    order=st.permutations([*FOLDERS]),
    left_out=st.sets(st.sampled_from([*FOLDERS])),
    form=st.sampled_from(["new", "compat"]),
    own=st.sampled_from([*FOLDERS]),
)
def test_the_cache_has_another_where_the_loader_opens_one(
    library: Driver, folder: Path, *, order: Sequence[str], left_out: set[str], form: str, own: str
) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("no user namespaces here; as root: sysctl user.max_user_namespaces=1000")
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
    assert ldconfig
    listed = [f"{folder / name}\n" for name in order if name not in left_out]
    (folder / "conf").write_text("".join(listed))
    options: list[str | Path] = ["-X", "-c", form, "-f", folder / "conf", "-C", folder / "cache"]
    subprocess.run([ldconfig, *options], check=True)
    bound = f'mount --bind "{folder}/cache" /etc/ld.so.cache && exec "$0" "$@"'
    content = (folder / "cache").read_bytes()
    opens = opened(folder, "none", "", *alone, "sh", "-c", bound)
    for name, loaders in zip(NAMES, opens, strict=True):
        own_path = f"{folder / own / name}"
        every = {f"{folder / one / name}" for one in {*order} - left_out if name in FOLDERS[one]}
        answer = library.ask(b"cache\0", content, text(name), text(own_path)).decode().strip()
        assert bool(every) == bool(loaders)
        assert answer in every - {own_path} if every - {own_path} else answer == ""
