"""Which module wins, line by line: how Python is started, and where another one lies.

A cell has four letters, for a module of the standard library (queue), one of the image's packages
(tqdm), one that the image lacks (rich), and one that it lacks and its mimetypes tries (winreg): i
where the image's is imported, o where the other one is, I where the image's is and a line says so,
- where there is none.
"""

import os
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from running import run

NAMES = ("queue", "tqdm", "rich", "winreg")
PROGRAM = """
import sys
{prelude}
import mimetypes
print("=", end="")
for name in {names}:
    try:
        file = (sys.modules["winreg"] if name == "winreg" else __import__(name)).__file__
    except (ImportError, KeyError):
        file = ""
    print("-" if not file else "o" if file.startswith({folder!r}) else "i", end="")
"""
# Beside the program or where it is started; in PYTHONPATH, and relative to the working folder;
# in a folder that the program inserts first into sys.path, or appends; where the program
# inserts the folder first in which it lies or was started.
PLACES = ("beside", "PYTHONPATH", "relative", "inserted", "appended", "again")
TABLE = """
script              iooo iIoo iIoo iooo iioo iooo
folder              iooo iIoo iIoo iooo iioo iooo
zip                 iooo iIoo iIoo iooo iioo iooo
-m own              iooo iIoo iIoo iooo iioo iooo
-m cProfile         iooo iIoo iIoo iooo iioo iooo
-m code             iio- iIoo iIoo iooo iioo iooo
-c                  iio- iIoo iIoo iooo iioo iooo
standard input      iIo- iIoo iIoo iooo iioo iooo
-                   iIo- iIoo iIoo iooo iioo iooo
prompt              iIo- iIoo iIoo iooo iioo iooo
-I script           ii-- ii-- ii-- iooo iioo iooo
-I -c               ii-- ii-- ii-- iooo iioo iooo
-E script           iooo ii-- ii-- iooo iioo iooo
-E -c               iio- ii-- ii-- iooo iioo iooo
-s script           iooo iIoo iIoo iooo iioo iooo
-P script           ii-- iIoo iIoo iooo iioo iooo
-P -c               ii-- iIoo iIoo iooo iioo iooo
-S script           iooo iooo iooo iooo iooo iooo
-S -c               iooo iooo iooo iooo iooo iooo
stock script        oooo oooo oooo oooo iioo oooo
stock -c            oooo oooo oooo oooo iioo oooo
venv script         iooo iooo iooo iooo iioo iooo
venv -c             iooo iooo iooo iooo iioo iooo
bare venv script    iooo iooo iooo iooo iooo iooo
bare venv -c        iooo iooo iooo iooo iooo iooo
"""
CASES = [
    (line[:20].strip(), place, cell)
    for line in TABLE.strip().splitlines()
    for place, cell in zip(PLACES, line[20:].split(), strict=True)
]


@pytest.fixture(scope="module")
def venvs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("venvs")
    for name, site in (("venv", True), ("bare venv", False)):
        venv.create(folder / name, system_site_packages=site, symlinks=True)
    return {name: folder / name for name in ("venv", "bare venv")}


def plant(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.py").touch()


def started(kind: str, here: Path, text: str) -> tuple[list[str], str]:
    """Write the program, and return the words that start it, and its standard input."""
    files = {"script": "main", "folder": "__main__", "zip": "__main__", "-m own": "own"}
    (here / f"{files.get(kind, 'main')}.py").write_text(text)
    if kind == "zip":
        with zipfile.ZipFile(here.parent / "program.zip", "w") as archive:
            for file in here.iterdir():
                archive.write(file, file.name)
    program = f"exec({text!r})\n"
    words = {
        "script": ["main.py"],
        "folder": [str(here)],
        "zip": [str(here.parent / "program.zip")],
        "-m own": ["-m", "own"],
        "-m cProfile": ["-m", "cProfile", "-o", "/dev/null", "main.py"],
        "-m code": ["-m", "code"],
        "-c": ["-c", text],
        "standard input": [],
        "-": ["-"],
        "prompt": ["-i"],
    }
    return words[kind], program


def result(start: str, place: str, folder: Path, venvs: dict[str, Path]) -> str:
    here, there = folder / "here", folder / "there"
    kind = next(kind for kind in ("script", "-c", start) if start.endswith(kind))
    option = start.removesuffix(kind).strip()
    here.mkdir()
    plant(here if place in ("beside", "again") else there)
    added = there if place != "again" else folder / "program.zip" if kind == "zip" else here
    prelude = {
        "inserted": f"sys.path.insert(0, {str(added)!r})",
        "appended": f"sys.path.append({str(added)!r})",
        "again": f"sys.path.insert(0, {str(added)!r})",
    }.get(place, "")
    text = PROGRAM.format(prelude=prelude, names=NAMES, folder=str(folder))
    words, given = started(kind, here, text)
    paths = {"PYTHONPATH": str(there), "relative": "../there/."}
    env = {**os.environ, "PYTHONPATH": paths.get(place, "")}
    env |= {"HPCPY_MODULES": "stock"} if option == "stock" else {}
    python = venvs[option] / "bin/python" if option in venvs else sys.executable
    options = [option] if option.startswith("-") else []
    done = run(python, *options, *words, env=env, cwd=here, input=given)
    assert done.returncode == 0, done.stderr
    letters = done.stdout.partition("=")[2][:4]
    return letters.replace("ii", "iI", 1) if "hpcpy: " in done.stderr else letters


@pytest.mark.parametrize(("start", "place", "cell"), CASES)
def test_the_table_holds(
    start: str, place: str, cell: str, tmp_path: Path, venvs: dict[str, Path]
) -> None:
    assert result(start, place, tmp_path, venvs) == cell


@pytest.mark.parametrize(("value", "says"), [("stock", 0), ("", 0), ("Stock", 1)])
def test_a_value_that_hpcpy_modules_has_not_is_told(value: str, says: int) -> None:
    done = run(sys.executable, "-c", "", env={**os.environ, "HPCPY_MODULES": value})
    assert (done.returncode, done.stderr.count("hpcpy: HPCPY_MODULES=Stock: ")) == (0, says)


@pytest.mark.parametrize("way", ["sys.stderr.close()", "sys.stderr = None", "", "unwritable"])
def test_an_import_does_not_fail_with_its_remark(tmp_path: Path, way: str) -> None:
    plant(tmp_path / "there")
    first = "" if way == "unwritable" else way
    program = f"import sys; {first}\nimport tqdm; print(tqdm.tqdm.__name__)"
    (tmp_path / "main.py").write_text(program)
    reader, closed = os.pipe()
    os.close(reader)
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "there")}
    with Path(os.devnull).open() as unwritable, os.fdopen(closed, "w") as pipe:
        stderr = unwritable if way == "unwritable" else pipe
        words = {"stdout": -1, "stderr": stderr, "capture_output": False}
        done = run(sys.executable, tmp_path / "main.py", env=env, **words)
    assert (done.returncode, done.stdout) == (0, "tqdm\n")


BACKEND = """
import tqdm, rich
print(tqdm.__file__.startswith({folder!r}), "rich_of_pth" in rich.__dict__)
"""
# As pip's, of an isolated build.
CUSTOMIZE = """
import site, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
site.addsitedir({folder!r})
"""


@pytest.mark.parametrize("isolated", [False, True])
def test_a_build_backend_gets_its_requirements_and_pth_files_run(
    isolated: bool, tmp_path: Path, venvs: dict[str, Path]
) -> None:
    site = next(venvs["venv"].glob("lib/python3*/site-packages"))
    python, folder = venvs["venv"] / "bin/python", tmp_path / "overlay" if isolated else site
    env = {**os.environ, "_PYPROJECT_HOOKS_BUILD_BACKEND": "backend"}
    plant(folder)
    (folder / "rich.pth").write_text("import rich; rich.rich_of_pth = True\n")
    if isolated:
        (tmp_path / "given").mkdir()
        text = CUSTOMIZE.format(folder=str(folder))
        (tmp_path / "given/sitecustomize.py").write_text(text)
        python, env["PYTHONPATH"] = Path(sys.executable), str(tmp_path / "given")
    try:
        done = run(python, "-c", BACKEND.format(folder=str(folder)), env=env, cwd=tmp_path)
    finally:
        for name in (*(f"{name}.py" for name in NAMES), "rich.pth"):
            (folder / name).unlink()
    assert (done.stdout, done.stderr) == ("True True\n", "")


@pytest.mark.parametrize("option", ["-I", "-E"])
def test_it_hides_the_interpreters_variables_with_pythons(option: str) -> None:
    program = (
        "import mpi4py.MPI as MPI, _hpcpy_say as say; print(say.setting('HPCPY_GC'), MPI.__name__)"
    )
    stock = {f"HPCPY_{name}": "stock" for name in ("GC", "NUMBA", "PREFLIGHT", "MODULES")}
    env = {**os.environ, **stock, "HPCPY_MPI": "/nowhere", "HPCPY_CODE": "marshal"}
    done = run(sys.executable, option, "-c", program, env=env)
    assert (done.stdout, done.stderr) == ("None mpi4py.MPI\n", "")
