"""Zip files are looked for when there is one, and nothing is imported for them before."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from _hpcpy_importer import finder
from running import run


def test_zip_files_are_looked_for_when_there_is_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("within.py", "import sys; print(__loader__.__class__.__name__)")
    program = """
import sys
print(sys.modules.keys().isdisjoint(["zipimport", "time"]))
try:
    import absent_altogether
except ImportError:
    print("zipimport" in sys.modules)
sys.path.insert(0, sys.argv[1])
import within, zipimport
print(len(sys.path_hooks))
import pkgutil
print(pkgutil.get_importer(sys.argv[1]).__class__.__name__)
"""
    command: list[str | Path] = [sys.executable, "-c", program, tmp_path / "some.zip"]
    done = run(*command, cwd=tmp_path, check=True)
    # The image's own, zipimport's and the one of files; baked packages have one, too.
    hooks = "4" if finder().bundle.added else "3"
    assert done.stdout.split() == ["True", "False", "zipimporter", hooks, "zipimporter"]
