"""The image's own tests pass with the one file as their interpreter, but for what is an image's."""

import os
from pathlib import Path

import pytest
from standalone_host import built, clean

from hpcpy.core import paths
from hpcpy.launch.modulefile import OWN_NAMES, own_script
from hpcpy.launch.site import find_site
from running import executable, run

# Image -> files of tests/image, and the tests in them that are of an image alone: of files in
# folders, its mpiexec, libstdc++ and OpenCL, and its libraries.
FILES = {
    "hpcpy-core": {
        "test_blas_threads.py": "four_ranks",
        "test_bundle_users.py": "bake",
        "test_drop_in.py": "",
        "test_extensions.py": "known_by_path",
        "test_llvm_late.py": "",
        "test_mpiexec.py": "",
        "test_other_processes.py": "",
        "test_pi.py": "ranks or weak_scaling or family",
        "test_read.py": "",
        "test_spawn.py": "",
        "test_start.py": "",
        "test_start_places.py": "",
        "test_thread_stacks.py": "openmp",
    },
    "hpcpy": {
        "test_dask_cluster.py": "",
        "test_matplotlib.py": "settings_at_home",
        "test_on_dask.py": "",
        "test_stack.py": "openmp or pocl or entry_points",
    },
}


@pytest.mark.parametrize(("image", "name"), [(image, n) for image in FILES for n in FILES[image]])
def test_a_file_of_the_images_tests_passes(tmp_path: Path, image: str, name: str) -> None:
    file, tests, left_out = built(image), paths.ROOT / "tests", FILES[image][name]
    # `python` and `mpiexec` are those of a module.
    for command in OWN_NAMES:
        executable(tmp_path / command, own_script(str(file), find_site("local")))
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    words += ["-k", f"not ({left_out})"] if left_out else []
    env = clean(TMPDIR=str(tmp_path), PATH=f"{tmp_path}:/usr/bin:/bin")
    target = tests / "image" / name
    done = run(file, *words, f"--rootdir={tests}", target, env=env, cwd=tmp_path, timeout=1500)
    assert done.returncode == 0, done.stdout[-5000:]
