"""Every library loads without a driver, from the image and nowhere else."""

import json

import pytest
from nvidia import LIBRARIES, SITE

from running import printed, python


@pytest.mark.parametrize("name", LIBRARIES)
def test_it_is_found_where_cupy_and_numba_look(name: str) -> None:
    code = f"""
import json
from cuda import pathfinder
found = pathfinder.load_nvidia_dynamic_lib({name!r})
maps = {{line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}}
print(json.dumps([found.abs_path, sorted(maps)]))
"""
    shown = printed(python("-c", code))
    path, mapped = json.loads(shown)
    # Otherwise the loader would notice a missing name only when it is called.
    assert python("-c", f"import ctypes; ctypes.CDLL({path!r}, 2)", LD_BIND_NOW="1").returncode == 0
    assert path.startswith(f"{SITE}/nvidia/")
    assert path.endswith(f"/{LIBRARIES[name]}")
    # What it needs in turn is here, too.
    libraries = [one for one in mapped if "/libcu" in one or "/libnv" in one]
    assert path in libraries
    assert all(one.startswith(f"{SITE}/nvidia/") for one in libraries)


def test_versions_fit_each_other() -> None:
    done = python("-m", "pip", "--disable-pip-version-check", "check")
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n"), done.stdout
