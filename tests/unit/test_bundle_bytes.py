"""The bundle's bytes: they work in another place, a change is an error, two builds agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_bundle import INTERP, Installation

FILES = {
    "pack/__init__.py": "from pack.inner import double\n",
    "pack/inner.py": """\
        \"\"\"Doubles.\"\"\"

        def double(x):
            return 2 * x
        """,
    "lonely.py": "VALUE = 1\n",
}


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


def test_bundle_of_another_python_is_refused(installed: Installation) -> None:
    data = bytearray(installed.bundle())
    data[data.rindex(b"hpcpy 4\n") + 8] ^= 1
    (installed.folder / "modules.bundle").write_bytes(data)
    assert "are not those of this Python" in installed.run("").stderr


def test_self_check_finds_a_changed_byte(installed: Installation) -> None:
    program = f"""
        sys.path.insert(0, {str(INTERP / "tools")!r})
        sys.argv[1:] = ["--check"]
        import hpcpy_info
        sys.exit(hpcpy_info.main())
        """
    assert "modules in memory, each as it was built" in installed.says(program)
    file = installed.folder / "modules.bundle"
    good = file.read_bytes()
    at = good.index(b"Doubles.")
    file.write_bytes(good[:at] + b"T" + good[at + 1 :])
    done = installed.run(program)
    assert (done.returncode, done.stderr.count("\n")) == (65, 1)
    assert "get the image again" in done.stderr


def test_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    from bundle.tree import scan
    from bundle.write import write_bundle

    def bundle(folder: Path) -> bytes:
        site = Installation(folder, FILES).site
        return write_bundle(["/final"], scan(site, "/final", is_open=False), {})

    assert bundle(tmp_path / "a") == bundle(tmp_path / "elsewhere" / "b")
