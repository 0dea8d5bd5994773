"""Packages of a user: a numpy in place of the built-in one, a tool, libraries for wheels."""

import importlib.util
import json
import platform
from pathlib import Path

import pytest
from own_venv import in_image, needs_image

from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import sources
from running import printed

OLDER = sources()["numpy-older"]
TOOL = sources()["coverage"]
# Where the C part comes from, and whether both parts work.
USE = """
import numpy, numpy._core._multiarray_umath as c, numpy.linalg
assert numpy.allclose(numpy.linalg.inv(numpy.eye(3)) @ numpy.arange(3), numpy.arange(3))
print(numpy.__version__, getattr(c, '__file__', 'built-in'))
"""

pytestmark = [pytest.mark.long, needs_image]


def ran(folder: Path, *command: str) -> str:
    done = in_image(folder, *command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder, /own in the image, with a venv."""
    if platform.machine() != "x86_64":
        pytest.skip("the pinned wheel is for x86-64")
    made = tmp_path_factory.mktemp("own")
    fetched = fetch([OLDER, TOOL])
    wheels = []
    for one in (OLDER, TOOL):
        wheels.append(made / fetched[one].name)
        wheels[-1].write_bytes(fetched[one].read_bytes())
    install = ("-m", "pip", "install", "--no-index", "--no-deps")
    ran(made, "python3", "-m", "venv", "--system-site-packages", "/own/venv")
    ran(made, "/own/venv/bin/python", *install, *(f"/own/{one.name}" for one in wheels))
    return made


def test_a_virtual_environments_older_numpy_is_taken_whole(folder: Path) -> None:
    version, c_part = ran(folder, "/own/venv/bin/python", "-c", USE).split()
    assert version == OLDER.version
    assert c_part.startswith("/own/venv/")


def test_what_is_built_in_works_with_the_older_numpy(folder: Path) -> None:
    use = "import h5py, numpy, numba; print(numpy.__version__, numba.njit(lambda x: x + 1)(1))"
    assert ran(folder, "/own/venv/bin/python", "-c", use) == f"{OLDER.version} 2"


def test_coverage_of_a_venv_sees_the_lines_of_modules_in_memory(folder: Path) -> None:
    (folder / "uses.py").write_text("import colorsys\nprint(colorsys.rgb_to_hsv(1, 0, 0))\n")
    coverage = ("/own/venv/bin/python", "-m", "coverage")
    data = "--data-file=/own/coverage"
    only = "--include=*/colorsys.py,*/uses.py"
    ran(folder, *coverage, "run", data, only, "/own/uses.py")
    report = ran(folder, *coverage, "report", data)
    assert "colorsys.py" in report
    assert "uses.py" in report
    assert "100%" in report


# What the image lacks: a screen's.
ABSENT = {
    *("libGL.so.1", "libICE.so.6", "libSM.so.6", "libX11.so.6", "libXext.so.6"),
    "libXrender.so.1",
}
POLICY = "manylinux_2_28"
OPENS = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError as error:
        print(error)
"""


def promised() -> list[str]:
    """Return what auditwheel leaves out of wheels, of the developer tools' version."""
    package = importlib.util.find_spec("auditwheel")
    assert package is not None
    assert package.origin is not None
    policies = Path(package.origin).with_name("policy") / "manylinux-policy.json"
    (policy,) = (one for one in json.loads(policies.read_text()) if one["name"] == POLICY)
    libraries: list[str] = policy["lib_whitelist"]
    return libraries


def test_the_image_has_all_but_a_screens(tmp_path: Path) -> None:
    names = promised()
    assert len(names) > 20
    shown = printed(in_image(tmp_path, "python3", "-c", OPENS, *names))
    # The loader's words, which name what is missing.
    said = [f"{name}: cannot open shared object file: No such file or directory" for name in names]
    expected = [line for name, line in zip(names, said, strict=True) if name in ABSENT]
    assert shown.splitlines() == expected
    assert set(names) >= ABSENT
