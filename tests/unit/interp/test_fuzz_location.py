"""The interpreter finds where it lies, whatever its caller, a venv and /proc say."""

import re
from collections.abc import Iterator, Sequence

import pytest
from fuzzing import Driver, cases, driver, text
from hypothesis import example, given
from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        *(b"home", b"Home", b"HOME", b"homes", b"ho", b"=", b" ", b"\t", b"/", b"/opt/own/bin"),
        *(b"..", b"x", b"\n", b"\r\n", b"#", b"y" * 4096, b"\xff", b"%s"),
    ]
)
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
NAMES = WORDS | st.sampled_from(
    [
        *("", "/", "//", "python3", "./python3", "/opt/own/bin/python3", "/opt/own/bin//python3"),
        *("/nowhere/bin/python3", "venv/bin/python", "/proc/self/exe", "/dev/fd/3", "-python3"),
        "x" * 5000,
    ]
)


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with driver(tmp_path_factory.mktemp("driver"), "location") as found:
        yield found


def home_of(content: bytes) -> bytes:
    """Return the first home that has a value, as CPython's getpath reads the file; or nothing."""
    for line in content.split(b"\n"):
        key, equals, value = line.partition(b"=")
        value = value.strip(b" \t\r")[:4095].rstrip(b" \t\r")
        if equals and key.strip(b" \t").lower() == b"home" and value:
            return value.rstrip(b" \t\r/")
    return b""


@cases(1200)
@given(content=st.lists(PIECES, max_size=14).map(b"".join))
@example(content=b"home = /\n")
@example(content=b"home =\nhome = /a/ \n")
def test_home_of_a_venv_is_what_python_reads(location: Driver, content: bytes) -> None:
    answer = location.ask(b"home\0", b"venv/pyvenv.cfg\0", content)
    assert answer.removesuffix(b"\n") == home_of(content)


@st.composite
def maps(draw: st.DrawFn, here: int) -> bytes:
    numbers = st.sampled_from([0, here - 1, here, here + 1, 2**64 - 1]) | st.integers(0, 2**64 - 1)
    ranges = st.tuples(numbers, numbers).map(sorted)
    files = st.sampled_from([b"", b"[heap]", b"/a b", b"/lib/x.so (deleted)", b"/" + b"y" * 5000])
    lines = draw(st.lists(st.tuples(ranges, files), max_size=5))
    return b"".join(
        b"%x-%x r-xp 00000000 08:01 42  %s\n" % (begin, end, file) for (begin, end), file in lines
    )


@cases(600)
@given(data=st.data())
def test_the_mapped_file_is_that_of_the_range(location: Driver, data: st.DataObject) -> None:
    here = int(location.ask(b"here\0"), 16)
    content = data.draw(maps(here))
    expected = b"-"
    for line in content.splitlines():
        begin, end = (int(one, 16) for one in re.findall(rb"[0-9a-f]+", line)[:2])
        if b"/" in line and begin <= here < end and expected == b"-":
            expected = line[line.index(b"/") :]
    answer = location.ask(b"maps\0", b"/proc/self/maps\0", content)
    assert answer.removesuffix(b"\n") == expected


@cases(1500)
@given(
    words=st.lists(NAMES, max_size=4),
    started=st.tuples(NAMES, st.booleans()),
    link=NAMES,
    content=st.lists(PIECES, max_size=10).map(b"".join),
)
def test_any_words_give_an_absolute_path_or_none(
    location: Driver, words: Sequence[str], started: tuple[str, bool], link: str, content: bytes
) -> None:
    name, has_loader = started
    base = b"1\0" if has_loader else b"\0"
    head = [b"find\0", text(str(len(words))), text(name), base, text(link)]
    file = [b"/nowhere/pyvenv.cfg\0", content, b"/proc/self/maps\0", content]
    answer = location.ask(*head, *map(text, words), *file).decode(errors="replace")
    assert answer[0] in "/-" or answer.startswith(link)
