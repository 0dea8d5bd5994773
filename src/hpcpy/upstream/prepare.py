"""What a suite is run with: its tests, its helpers, a venv, each unpacked once."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from hpcpy import paths
from hpcpy.build.inputs import Inputs, tree_files
from hpcpy.fetch.many import fetch
from hpcpy.files import scratch_dir
from hpcpy.pins.model import this_arch
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import wheels
from hpcpy.stages import Stage, stage
from hpcpy.upstream.suites import Suite

FOLDER = paths.BUILD / "upstream"
HELPERS = paths.ROOT / "tests" / "upstream"
# Where things lie in the container, beside suites.TESTS.
PLUGIN, DEPENDENCIES, VENV = "/upstream/plugin", "/upstream/dependencies", "/upstream/venv"
LIBRARY = "/upstream/library"
YIELDS = "/upstream/yields"


def python_folder() -> str:
    """Return the name of the library's folder: ``python`` and two numbers."""
    return "python" + ".".join(sources()["python"].version.split(".")[:2])


def tests(suite: Suite) -> Path:
    """Have the tests of a suite, as its tarball and our stand-ins make them."""
    source = sources()[suite.source]
    stand_ins = HELPERS / suite.stand_ins if suite.stand_ins else None
    inputs = Inputs("upstream tests")
    inputs.add("source", source.sources[0].sha256)
    inputs.add("members", "\0".join((*suite.members, str(suite.strip), *suite.targets[:1])))
    if stand_ins:
        inputs.add_files(tree_files(stand_ins.relative_to(paths.ROOT).as_posix()))

    def make(current: Stage, folder: Path) -> None:
        tarball = fetch([source])[source]
        current.run(
            [
                *("tar", "-xf", tarball, "-C", folder, f"--strip-components={suite.strip}"),
                *("--no-same-owner", "--wildcards", *suite.members),
            ]
        )
        if stand_ins:
            shutil.copytree(stand_ins, folder / suite.targets[0], dirs_exist_ok=True)

    return _once(f"{suite.source}-{inputs.key}", f"tests of {suite.source}", make)


def dependencies() -> Path:
    """Have the Python packages that tests want and the images lack."""
    arch = this_arch()
    in_image = {wheel.name for wheel in wheels("image", arch)}
    wanted = [wheel for wheel in wheels("upstream", arch) if wheel.name not in in_image]
    inputs = Inputs("upstream dependencies")
    for wheel in wanted:
        inputs.add(wheel.filename, wheel.sources[0].sha256)

    def make(_: Stage, folder: Path) -> None:
        for path in fetch(wanted).values():
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)

    return _once(f"dependencies-{inputs.key}", "packages that tests want", make)


def yields() -> Path | None:
    """Have the folder with a library by which waiting ranks give their core away.

    Returns
    -------
    Path or None
        None where there is no compiler: then it takes long.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = HELPERS / "yields.c"
    inputs = Inputs("upstream yields")
    inputs.add_files([source])

    def make(current: Stage, folder: Path) -> None:
        current.run([compiler, "-O2", "-shared", "-fPIC", "-o", folder / "yields.so", source])

    return _once(f"yields-{inputs.key}", "library by which ranks yield", make)


def library(suite: Suite) -> Path:
    """Have the folder with the shared object that a suite's tests open."""
    path = suite.library.replace(".", "/")
    wheel = next(w for w in wheels("image", this_arch()) if w.name == suite.source)

    def make(_: Stage, folder: Path) -> None:
        with zipfile.ZipFile(fetch([wheel])[wheel]) as archive:
            for name in archive.namelist():
                if name.startswith(f"{path}.") and name.endswith(".so"):
                    (folder / "library.so").write_bytes(archive.read(name))

    key = wheel.sources[0].sha256[:16]
    return _once(f"library-{suite.source}-{key}", f"{suite.library} of the wheel", make)


def venv(prefix: str) -> Path:
    """Have a venv over the image's interpreter, in which tests can be imported.

    Its ``.pth`` file works in every process: tests start interpreters that unpickle
    functions of the tests.

    Parameters
    ----------
    prefix
        Where the image's interpreter lies.
    """
    version = sources()["python"].version
    configuration = (
        f"home = {prefix}/bin\ninclude-system-site-packages = true\nversion = {version}\n"
    )
    start = f"{DEPENDENCIES}\n{PLUGIN}\nimport upstream_finder\n"
    inputs = Inputs("upstream venv")
    inputs.add("files", configuration + start)

    def make(_: Stage, folder: Path) -> None:
        site = folder / "lib" / python_folder() / "site-packages"
        site.mkdir(parents=True)
        (site / "upstream.pth").write_text(start)
        (folder / "bin").mkdir()
        (folder / "bin" / "python3").symlink_to(f"{prefix}/bin/python3")
        (folder / "bin" / "python").symlink_to("python3")
        (folder / "pyvenv.cfg").write_text(configuration)

    return _once(f"venv-{inputs.key}", "venv for tests", make)


def _once(name: str, title: str, make: Callable[[Stage, Path], None]) -> Path:
    """Return a folder that is whole: made under another name, then renamed."""
    final = FOLDER / "prepared" / name
    if not final.exists():
        with stage(f"unpack the {title}") as current, scratch_dir(final.parent, name) as scratch:
            made = scratch / "made"
            made.mkdir()
            make(current, made)
            # Tests run as a user who owns nothing of it.
            current.run(["chmod", "-R", "a+rX", made])
            made.rename(final)
    return final
