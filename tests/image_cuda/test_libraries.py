"""Every library loads without a driver, from the image and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest
from nvidia import LIBRARIES, SITE

from running import python


@pytest.mark.parametrize("name", LIBRARIES)
def test_it_is_found_where_cupy_and_numba_look(name: str) -> None:
    code = f"""
import json
from cuda import pathfinder
found = pathfinder.load_nvidia_dynamic_lib({name!r})
maps = {{line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}}
print(json.dumps([found.abs_path, sorted(maps)]))
"""
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    path, mapped = json.loads(done.stdout)
    assert path.startswith(f"{SITE}/nvidia/")
    assert path.endswith(f"/{LIBRARIES[name]}")
    # What it needs in turn is here, too.
    libraries = [one for one in mapped if "/libcu" in one or "/libnv" in one]
    assert path in libraries
    assert all(one.startswith(f"{SITE}/nvidia/") for one in libraries)


# Otherwise the loader would notice a missing name only when it is called.
@pytest.mark.parametrize("name", LIBRARIES)
def test_no_name_in_it_is_undefined(name: str) -> None:
    code = f"""
import ctypes, os
from cuda import pathfinder
path = pathfinder.load_nvidia_dynamic_lib({name!r}).abs_path
ctypes.CDLL(path, os.RTLD_NOW)
"""
    assert python("-c", code, LD_BIND_NOW="1").returncode == 0


# Each in a process of its own: one may load a library that another lacks.
@pytest.mark.parametrize(
    ("part", "version_of"),
    [
        ("nvrtc", "getVersion"),
        ("cublas", "getVersion"),
        ("cusolver", "_getVersion"),
        ("cusparse", "getVersion"),
        ("curand", "getVersion"),
        ("cufft", "getVersion"),
    ],
)
def test_cupys_parts_find_their_libraries(part: str, version_of: str) -> None:
    done = python("-c", f"from cupy.cuda import {part}; {part}.{version_of}")
    assert (done.returncode, done.stderr) == (0, "")


def test_cupy_compiles_by_the_images_nvrtc() -> None:
    done = python("-c", "from cupy.cuda import nvrtc; print(*nvrtc.getVersion(), sep='.')")
    assert version("nvidia-cuda-nvrtc-cu12").startswith(done.stdout.strip() + ".")


def test_versions_fit_each_other() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n"), done.stdout
