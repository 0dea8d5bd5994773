"""What a suite is run with: its tests, packages, a venv, each unpacked once."""

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from suite import FOLDER as HELPERS
from suite import Suite

from hpcpy.core import paths
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import host_arch, sources, wheels

FOLDER = paths.BUILD / "upstream"
# Where things lie in the container.
TESTS, VENV = "/upstream/tests", "/upstream/venv"
PLUGIN, DEPENDENCIES = "/upstream/plugin", "/upstream/dependencies"
LIBRARY, YIELDS = "/upstream/library", "/upstream/yields"


def _once(name: str, made_from: object, make: Callable[[Path], object]) -> Path:
    """Return a folder that is complete: made under another name, then renamed."""
    key = hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
    final = FOLDER / "prepared" / f"{name}-{key}"
    if not final.exists():
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            make(made)
            # Tests run as a user who owns nothing of it.
            subprocess.run(["chmod", "-R", "a+rX", made], check=True)
            made.rename(final)
    return final


def python_folder() -> str:
    """Return the name of the library's folder: ``python`` and two numbers."""
    return "python" + ".".join(sources()["python"].version.split(".")[:2])


def tests(suite: Suite) -> Path:
    source = sources()[suite.source]

    def make(folder: Path) -> None:
        tarball = fetch([source])[source]
        unpack = ["tar", "-xf", str(tarball), "-C", str(folder), "--no-same-owner"]
        options = [f"--strip-components={suite.strip}", "--wildcards", *suite.members]
        subprocess.run([*unpack, *options], check=True)

    made_from = (source.sources[0].sha256, suite.members, suite.strip)
    return _once(suite.source, made_from, make)


def dependencies() -> Path:
    """Return the Python packages that tests want and the images lack."""
    in_image = {wheel.name for wheel in wheels("image", host_arch())}
    wanted = [wheel for wheel in wheels("upstream", host_arch()) if wheel.name not in in_image]

    def make(folder: Path) -> None:
        for path in fetch(wanted).values():
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)

    return _once("dependencies", [wheel.sources[0].sha256 for wheel in wanted], make)


def yields() -> Path | None:
    """Return the folder with a library by which waiting ranks give their core away.

    Without a compiler there is none: then it takes long.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = HELPERS / "yields.c"

    def make(folder: Path) -> None:
        options = ["-O2", "-shared", "-fPIC", "-o", str(folder / "yields.so"), str(source)]
        subprocess.run([compiler, *options], check=True)

    return _once("yields", source.read_text(), make)


def library(suite: Suite) -> Path:
    """Return the folder with the wheel's shared object that a suite's tests open."""
    path = suite.library.replace(".", "/")
    wheel = next(one for one in wheels("image", host_arch()) if one.name == suite.source)

    def make(folder: Path) -> None:
        with zipfile.ZipFile(fetch([wheel])[wheel]) as archive:
            for name in archive.namelist():
                if name.startswith(f"{path}.") and name.endswith(".so"):
                    (folder / "library.so").write_bytes(archive.read(name))

    return _once(f"library-{suite.source}", wheel.sources[0].sha256, make)


def venv(prefix: str) -> Path:
    """Return a venv over the interpreter at a prefix, in which tests can be imported.

    Its ``.pth`` file works in every process: tests start interpreters that unpickle
    functions of the tests.
    """
    version = sources()["python"].version
    text = f"home = {prefix}/bin\ninclude-system-site-packages = true\nversion = {version}\n"
    start = f"{DEPENDENCIES}\n{PLUGIN}\nimport upstream_finder\n"

    def make(folder: Path) -> None:
        site = folder / "lib" / python_folder() / "site-packages"
        site.mkdir(parents=True)
        (site / "upstream.pth").write_text(start)
        (folder / "bin").mkdir()
        (folder / "bin/python3").symlink_to(f"{prefix}/bin/python3")
        (folder / "bin/python").symlink_to("python3")
        (folder / "pyvenv.cfg").write_text(text)

    return _once("venv", text + start, make)
