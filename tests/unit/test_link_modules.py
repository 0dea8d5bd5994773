"""A module made relocatable shows one name, and two of them do not meet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collect import collect
from hpcpy.core.paths import ROOT
from relocatable import defined, is_relocatable
from table import module_names

DRIVER = ROOT / "recipes/link/driver.py"
SUFFIX = ".cpython-314-x86_64-linux-gnu.so"
# Both have a helper of one name, as separate shared objects may.
SOURCE = """
int helper(void) {{ return {value}; }}
int PyInit_{leaf}(void) {{ return helper(); }}
"""

pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "objcopy", "nm")), reason="no gcc or binutils"
)


def gcc() -> str:
    found = shutil.which("gcc")
    assert found
    return found


def compiled(folder: Path, leaf: str, text: str) -> Path:
    source = folder / f"{leaf}.c"
    source.write_text(text)
    subprocess.run([gcc(), "-c", "-fPIC", source.name], cwd=folder, check=True)
    return source.with_suffix(".o")


def link(folder: Path, output: str, *arguments: str, **environment: str) -> None:
    Path(folder, output).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, str(DRIVER), gcc(), "-shared", "-o", output, *arguments],
        cwd=folder,
        check=True,
        env={**os.environ, **environment},
    )


def module(folder: Path, package: str, leaf: str, value: int, *libraries: str) -> Path:
    made = compiled(folder, leaf, SOURCE.format(leaf=leaf, value=value))
    output = f"site/{package}/{leaf}{SUFFIX}"
    link(folder, output, made.name, *libraries)
    return folder / output


def test_only_the_init_function_stays_global(tmp_path: Path) -> None:
    made = module(tmp_path, "a", "_x", 1)
    assert is_relocatable(made)
    assert defined(made) == {"PyInit__x"}
    assert made.stat().st_mode & 0o777 == 0o755


def test_modules_of_one_leaf_name_link_into_one_program(tmp_path: Path) -> None:
    module(tmp_path, "a", "utils", 3, "-lz")
    module(tmp_path, "b/c", "utils", 5, "-lz", "-lbz2")
    names = collect(tmp_path / "site", tmp_path / "link/part")
    assert names == ["a.utils", "b.c.utils"]
    assert not list(tmp_path.rglob("site/**/*.so"))
    assert (tmp_path / "link/part/libraries").read_text() == "-lz\n-lbz2\n"
    assert module_names(tmp_path / "link") == names
    main = "int PyInit_a__utils(void), PyInit_b__c__utils(void);\n"
    main += "int main(void) { return PyInit_a__utils() * 10 + PyInit_b__c__utils(); }\n"
    made = compiled(tmp_path, "main", main)
    objects = map(str, (tmp_path / "link/part").glob("*.o"))
    subprocess.run([gcc(), "-o", "program", str(made), *objects], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 35


def test_a_link_that_fails_leaves_no_module(tmp_path: Path) -> None:
    (tmp_path / "broken.o").write_text("no object")
    with pytest.raises(subprocess.CalledProcessError):
        link(tmp_path, f"x{SUFFIX}", "broken.o")
    assert not (tmp_path / f"x{SUFFIX}").exists()


def test_the_list_of_installed_files_forgets_what_was_taken(tmp_path: Path) -> None:
    made = module(tmp_path, "a", "_x", 1)
    record = tmp_path / "site/a-1.dist-info/RECORD"
    record.parent.mkdir()
    record.with_name("direct_url.json").write_text("{}")
    record.write_text(
        f'a/{made.name},sha256=x,1\n"a/b,c.py",sha256=y,2\na-1.dist-info/direct_url.json,,\n'
    )
    collect(tmp_path / "site", tmp_path / "link/part")
    assert record.read_text() == '"a/b,c.py",sha256=y,2\n'
    assert [path.name for path in record.parent.iterdir()] == ["RECORD"]


def test_two_names_of_one_symbol_are_refused(tmp_path: Path) -> None:
    for name in ("a.b__c", "a__b.c"):
        (tmp_path / "part").mkdir(exist_ok=True)
        (tmp_path / "part" / f"{name}.o").touch()
    with pytest.raises(ValueError, match="one init function"):
        module_names(tmp_path)
