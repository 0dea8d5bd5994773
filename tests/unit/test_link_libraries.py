"""The libraries that are linked into the interpreter."""

from __future__ import annotations

from pathlib import Path

from libraries import arguments


def test_each_library_is_named_once_and_archives_by_where_they_lie(tmp_path: Path) -> None:
    lists = [tmp_path / "one", tmp_path / "two"]
    lists[0].write_text("-lopenblas\n-lz\n")
    lists[1].write_text("/opt/deps/lib/libx.a\n")
    modlibs = "-lm Modules/_decimal/libmpdec/libmpdec.a -lz  -pthread -no-pie -ldl -lssl"
    assert arguments(modlibs, Path("/config"), lists) == [
        "/config/libmpdec.a",
        "-lz",
        "-lssl",
        "-lopenblas",
        "/opt/deps/lib/libx.a",
    ]
