"""What is built has an architecture of its own, which may be another than this machine's."""

import re
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.pins.arch import ARCHITECTURES, known_arch

# What tells the architecture of the machine that it runs on.
ASKS = re.compile(
    r"platform\.(machine|processor|uname)\b|os\.uname\(\)\.machine|os\.uname\(\)\[4\]"
    r"|\buname -[a-z]*[amp]|\$\(arch\)|--print-architecture|\bhost_arch\(|\bmachine\(\)"
)
# Files that may, and why.
HONEST = {
    "src/hpcpy/pins/arch.py": "the one place that asks",
    "src/hpcpy/engine/prefix.py": "Apptainer runs on this machine",
    "src/hpcpy/engine/emulation.py": "so does QEMU",
    "src/hpcpy/build/sif.py": "and mksquashfs",
    "src/hpcpy/build/command.py": "its version is a part of a SIF's stamp",
    "src/hpcpy/build/plan.py": "images are for this machine where nothing else is asked for",
    "src/hpcpy/fetch/command.py": "so is what is fetched beforehand",
    "src/hpcpy/build/verify.py": "and what a given SIF is compared with",
    "recipes/patches/cpython/platform.patch": "users' programs ask the machine that they run on",
}


def asking() -> set[str]:
    folders = ("src/hpcpy", "src/interp", "src/pack", "recipes", "containers")
    files = (path for name in folders for path in (paths.ROOT / name).rglob("*.*"))
    return {
        path.relative_to(paths.ROOT).as_posix()
        for path in files
        if path.suffix not in (".md", ".pyc")
        and path.is_file()
        and ASKS.search(path.read_text(encoding="utf-8", errors="replace"))
    }


def test_no_file_asks_the_machine_where_the_target_is_meant() -> None:
    assert asking() == {*HONEST}


def test_a_file_that_asks_the_machine_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    lines = {"a.sh": "case $(uname -m) in", "b.py": "x = platform.machine()", "c.sh": "uname -s"}
    (tmp_path / "recipes").mkdir()
    for name, line in lines.items():
        (tmp_path / "recipes" / name).write_text(line)
    assert asking() == {"recipes/a.sh", "recipes/b.py"}


def test_unknown_architecture_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=f"'vax' is not .*: {', '.join(ARCHITECTURES)}"):
        known_arch("vax")
