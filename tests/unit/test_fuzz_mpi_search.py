"""Which MPI is taken follows the documented order, whatever libraries and variables there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from fuzzing import Driver, cases, driver, text
from hypothesis import given
from hypothesis import strategies as st

SONAMES = ("libmpi.so.12", "libmpi.so.40", "libmpi_abi.so.1")
NAMES = ("mpich", "openmpi", "abi")
LETTERS = "moa"
OWN = "/own/lib/libmpi.so.12"
FILES = (OWN, "/site/libmpi.so.12", "/site/libmpi.so.40", "/site/libmpi_abi.so.1")
# A file that is no MPI has the letter x.
LIBRARIES = st.dictionaries(
    st.sampled_from(SONAMES), st.tuples(st.sampled_from(FILES), st.sampled_from("moax"))
)
PATHS = st.dictionaries(st.sampled_from(SONAMES), st.sampled_from(FILES))


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with driver(tmp_path_factory.mktemp("driver"), "mpi_search") as found:
        yield found


def taken(
    wanted: str | None, in_path: int, cache: Mapping[str, str], opens: Mapping[str, str]
) -> str | None:
    """Return the library that the interpreter takes, before it looks into it."""
    if wanted is not None and wanted not in NAMES:
        return opens.get(wanted)
    asked = [one for one, name in zip(SONAMES, NAMES, strict=True) if wanted in (None, name)]
    if in_path < len(asked) and in_path >= 0:
        asked = [asked[in_path]]
    elif in_path != -2:
        found = [cache[one] for one in asked if one in cache]
        for path in sorted(found, key=lambda path: path == OWN):
            if path in opens:
                return opens[path]
    others = [opens[one] for one in asked if one in opens]
    site = [one for one in others if not one.startswith(f"{OWN}:")]
    return site[0] if site else opens.get(OWN) if others else None


def expected(library: str | None, wanted: str | None) -> tuple[str, int]:
    """Return the library that can be used, or "-", and the index of its ABI, or -1."""
    if library is None or library[-1] == "x":
        return "-", -1
    which = LETTERS.index(library[-1])
    return ("-" if wanted in NAMES and NAMES[which] != wanted else library), which


@st.composite
def sites(draw: st.DrawFn) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the cache's path of each soname, and the library that each name opens."""
    libraries = draw(LIBRARIES)
    files = draw(st.dictionaries(st.sampled_from(FILES), st.sampled_from("moax")))
    opens = {name: f"{file}:{letter}" for name, (file, letter) in libraries.items()}
    opens |= {file: f"{file}:{letter}" for file, letter in files.items()}
    return draw(PATHS), opens


@cases(2000)
@given(
    wanted=st.none()
    | st.sampled_from([*NAMES, *FILES, "", "%s%n"])
    | st.text("%snabc/", max_size=9),
    numbers=st.tuples(st.integers(1, 300), st.integers(-2, 2)),
    site=sites(),
    said=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200),
)
def test_the_first_in_the_documented_order_is_taken(
    search: Driver,
    wanted: str | None,
    numbers: tuple[int, int],
    site: tuple[Mapping[str, str], Mapping[str, str]],
    said: str,
) -> None:
    (room, in_path), (cache, opens) = numbers, site
    listed = {f"cache/{name}": path for name, path in cache.items()} | dict(opens)
    sent = [text(part) for pair in listed.items() for part in pair]
    # As the environment has it: unset, or any text.
    variable = b"" if wanted is None else text(wanted)
    answer = search.ask(variable, text(f"{room} {in_path}"), text(said), *sent)
    library, which = expected(taken(wanted, in_path, cache, opens), wanted)
    first, _, message = answer.decode(errors="replace").partition("\n")
    assert first == f"{library} {which}"
    assert message.startswith("mpi4py.MPI: ") is (library == "-")
