"""The store's bytes and table, and which files go in."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest
from small_bundle import INTERP

FILES = {
    "b.py": b"b\n" * 300,
    "a/x.py": b"x\n" * 300,
    "a-b/x.py": b"y\n",
    "a/empty.py": b"",
    "a/ä.pyi": b"z\n" * 300,
    "large.wasm": random.Random(1).randbytes(200_000),  # noqa: S311
}


def zipped(pieces: list[bytes]) -> list[bytes]:
    return [zlib.compress(piece) for piece in pieces]


def built(files: dict[str, bytes]) -> bytes:
    from store.write import write_store

    return write_store(files, 1_700_000_000, zipped)


def contents(data: bytes) -> dict[str, bytes]:
    from _hpcpy_stored import FILE, FOLDER, HEADER, paths

    folders, files = HEADER.unpack(data[: HEADER.size])[-2:]
    start = HEADER.size + folders * FOLDER.size
    table = FILE.iter_unpack(data[start : start + files * FILE.size])
    found = {}
    for (path, _), (_, _, size, packed, whole, skip, offset) in zip(
        paths(memoryview(data)), table, strict=True
    ):
        piece = data[offset : offset + packed]
        plain = piece if packed == whole else zlib.decompress(piece)
        assert len(plain) == whole
        found[path] = plain[skip : skip + size]
    return found


def test_each_file_comes_out_as_it_went_in() -> None:
    assert INTERP.is_dir()
    assert contents(built(FILES)) == FILES


def test_small_files_share_what_is_compressed_and_large_ones_do_not() -> None:
    data = built(FILES)
    assert len(data) < 200_000 + 1500
    assert FILES["large.wasm"] in data


def test_the_order_they_come_in_makes_no_difference() -> None:
    assert built(FILES) == built(dict(reversed(FILES.items())))


def test_folders_and_names_are_in_the_order_of_their_bytes() -> None:
    from _hpcpy_stored import paths

    names = [path for path, _ in paths(memoryview(built(FILES)))]
    split = [path.encode().rpartition(b"/") for path in names]
    assert [(folder, name) for folder, _, name in split] == sorted(
        (folder, name) for folder, _, name in split
    )


def test_a_changed_byte_is_found() -> None:
    from _hpcpy_stored import is_whole

    data = built(FILES)
    assert is_whole(memoryview(data))
    for place in (0, 20, 60, len(data) - 1):
        broken = bytearray(data)
        broken[place] ^= 1
        assert not is_whole(memoryview(broken))


def rules(**on_disk: str) -> dict[str, object]:
    return {"stored": ["*.py", "*.c"], "on_disk": on_disk}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name in ("a.py", "b.h", "sub/c.c", "sub/d.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("1\n")
    return tmp_path


def test_kinds_are_stored_and_what_others_read_stays(library: Path) -> None:
    from store.select import selected

    assert sorted(selected(library, rules(**{"sub/*.c": "a compiler reads it"}))) == [
        "a.py",
        "sub/d.py",
    ]


def test_links_and_programs_stay(library: Path) -> None:
    from store.select import selected

    (library / "link.py").symlink_to("a.py")
    (library / "sub/d.py").chmod(0o755)
    (library / "run.py").write_text("#!/usr/bin/env python3\n")
    (library / "run.py").chmod(0o755)
    assert sorted(selected(library, rules())) == ["a.py", "sub/c.c", "sub/d.py"]


def test_a_rule_for_nothing_is_an_error(library: Path) -> None:
    from store.select import selected

    with pytest.raises(ValueError, match=r"nothing lies at gone/\*"):
        list(selected(library, rules(**{"gone/*": "was read by others"})))
