"""A folder's table says what Python's own finder would find, and what is built in."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from small_bundle import write


def kinds(path: Path) -> dict[str, int]:
    from bundle.tree import scan

    return {name: kind for name, (kind, _) in scan(path, "/lib", is_open=True)[0].entries.items()}


def test_package_comes_before_extension_before_source(tmp_path: Path) -> None:
    from _hpcpy_folders import MODULE, PACKAGE, SHARED, SUBFOLDER

    full, plain = EXTENSION_SUFFIXES[0], EXTENSION_SUFFIXES[-1]
    files = ["a/__init__.py", f"a{full}", "a.py", f"b{plain}", f"b{full}", "b.py"]
    files += ["c/text", "c.py", "d/text", "e.f.py", "__pycache__/g.py", "data.txt"]
    write(tmp_path, dict.fromkeys(files, ""))
    assert kinds(tmp_path) == {"a": PACKAGE, "b": SHARED, "c": MODULE, "d": SUBFOLDER}
    from bundle.tree import scan

    assert scan(tmp_path, "/lib", is_open=True)[0].entries["b"][1].name == f"b{full}"


def test_package_whose_init_is_an_extension_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {f"a/__init__{EXTENSION_SUFFIXES[0]}": ""})
    with pytest.raises(ValueError, match="its __init__ is an extension module"):
        kinds(tmp_path)


def test_built_in_modules_are_entered_where_they_belong(tmp_path: Path) -> None:
    from _hpcpy_folders import BUILT_IN
    from bundle.tree import add_built_in, scan

    files = ["pack/__init__.py", "pack/core/__init__.py", "pack/core/fast.py", "other.py"]
    site = tmp_path / "site-packages"
    write(site, dict.fromkeys(files, ""))
    folders = [
        *scan(tmp_path, "/lib", is_open=False),
        *scan(site, "/lib/site-packages", is_open=True),
    ]
    add_built_in(folders, tmp_path, site, ["pack.core.fast", "single", "zlib"])
    by_name = {folder.final: folder.entries for folder in folders}
    assert by_name["/lib/site-packages/pack/core"]["fast"][0] == BUILT_IN
    assert by_name["/lib/site-packages"]["single"][0] == BUILT_IN
    assert by_name["/lib"]["zlib"][0] == BUILT_IN
    with pytest.raises(ValueError, match=r"absent\.part is built in"):
        add_built_in(folders, tmp_path, site, ["absent.part"])
