"""Which base takes what was baked on another one, and which refuses it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from baked_bundle import BAKED, EPOCH, baked, says
from small_bundle import Installation, write


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return baked(tmp_path)


def test_another_pythons_is_refused(installed: Installation) -> None:
    file = installed.library / "hpcpy_baked/modules.bundle"
    data = file.read_bytes()
    at = data.rindex(b"hpcpy 4\n") + 8
    file.write_bytes(data[:at] + b"\0\0\0\0" + data[at + 4 :])
    done = installed.run("import added")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: hpcpy: the packages in {installed.library}/hpcpy_baked")
    assert "bake again: python -m hpcpy_bake" in last
    # A program that needs no baked package goes on.
    assert installed.says("import own; print(own.VALUE)") == "own"


def test_a_rebuilt_base_takes_it(installed: Installation) -> None:
    # The modules, their offsets and the files' times differ; the Python is the same.
    write(installed.site, {"own/__init__.py": "VALUE = 'rebuilt, and longer'\n", "own/more.py": ""})
    installed.epoch = EPOCH + 1000
    (installed.folder / "modules.bundle").write_bytes(installed.bundle())
    os.utime(installed.site, (BAKED, BAKED))
    program = """
        refuse_listing()
        import added.part, own.more, shared.first, shared.second
        print(added.VALUE, added.__spec__.loader.offset > 0, own.VALUE)
    """
    assert says(installed, program) == "added True rebuilt, and longer"
