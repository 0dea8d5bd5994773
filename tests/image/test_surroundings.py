"""A folder that is gone, an odd locale, numba's files: what a hard site has."""

import os
import sys
from pathlib import Path

import pytest
from needed import needs

from running import printed, run


def test_packages_are_imported_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    # A package that tried a missing one ended with FileNotFoundError, by `python -m` alone.
    folder = tmp_path / "gone"
    folder.mkdir()
    (tmp_path / "leaves.py").write_text("import os\nos.rmdir(os.getcwd())\nimport numba\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    printed(run(sys.executable, "-m", "leaves", env=env, cwd=folder))


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_an_odd_locale_changes_no_output(locale: str) -> None:
    program = "import numpy; print('İ', numpy.float64('0.5'))"
    env = {**os.environ, "LANG": locale, "LC_ALL": locale}
    done = run(sys.executable, "-c", program, env=env, encoding="utf-8")
    assert (done.stdout, done.stderr) == ("İ 0.5\n", "")


CACHED = """
import numba
@numba.njit(cache=True)
def twice(x):
    return 2 * x
twice(1)
print(sum(twice.stats.cache_hits.values()), sum(twice.stats.cache_misses.values()))
"""


def test_numbas_cache_is_on_node_local_storage_and_used_again(tmp_path: Path) -> None:
    script = tmp_path / "cached.py"
    script.write_text(CACHED)
    variables = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    said = [
        run(sys.executable, script, env={**variables, "TMPDIR": str(tmp_path)}, check=True).stdout
        for _ in range(2)
    ]
    assert said == ["0 1\n", "1 0\n"]
    assert list((tmp_path / f"hpcpy-{os.getuid()}/numba").rglob("*.nbi"))


@needs("yaml")
def test_numbas_configuration_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\n")
    program = "import numba; print(numba.config.DISABLE_JIT)"
    for variables, level in (({}, "0"), ({"HPCPY_NUMBA_CONFIG": ".numba_config.yaml"}, "1")):
        done = run(
            sys.executable, "-c", program, env={**os.environ, **variables}, cwd=tmp_path, check=True
        )
        assert done.stdout.strip() == level
