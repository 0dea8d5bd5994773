"""The image's own tests pass with the one file as their interpreter, but for what is an image's."""

import os
from pathlib import Path

import pytest
from standalone_host import built, clean

from hpcpy.core import paths
from running import run

# Files of tests/image, and the tests in them that are of an image alone: of files in folders,
# its mpiexec and libstdc++, its libraries, and programs called `python3`.
FILES = {
    "test_blas_threads.py": "four_ranks",
    "test_bundle_users.py": "crash_report or options_that_start or bake",
    "test_drop_in.py": "",
    "test_extensions.py": "known_by_path",
    "test_llvm_late.py": "",
    "test_other_processes.py": "",
    "test_pi.py": "ranks or weak_scaling or family",
    "test_read.py": "",
    "test_start.py": "",
    "test_start_places.py": "",
    "test_thread_stacks.py": "openmp",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_images_tests_passes(tmp_path: Path, name: str) -> None:
    tests = paths.ROOT / "tests"
    command = [built(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    left_out = ["-k", f"not ({FILES[name]})"] if FILES[name] else []
    words = [f"--rootdir={tests}", *left_out, tests / "image" / name]
    done = run(*command, *words, env=clean(TMPDIR=str(tmp_path)), cwd=tmp_path, timeout=1500)
    assert done.returncode == 0, done.stdout[-5000:]
