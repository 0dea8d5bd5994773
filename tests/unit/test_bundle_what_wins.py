"""What a program or a venv has before the image's folders wins, what a host leaks does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_bundle import Installation, distribution, write

FILES = {
    "twofold/__init__.py": "VERSION = 1\n",
    "twofold/part.py": "VERSION = 1\n",
    "twofold/old.py": "VERSION = 1\n",
    "companion.py": "VERSION = 1\n",
    "sitecustomize.py": "import sys\nsys.customized = 'ours'\n",
    **distribution("Two-Fold", "1", "twofold/__init__.py", "companion.py"),
}
OWN = {
    "twofold/__init__.py": "VERSION = 2\n",
    "twofold/part.py": "VERSION = 2\n",
    "companion.py": "VERSION = 2\n",
}
VERSIONS = """
import twofold, twofold.part, companion
print(twofold.VERSION, twofold.part.VERSION, companion.VERSION)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


@pytest.fixture
def own(installed: Installation) -> str:
    folder = installed.folder / "own"
    write(folder, OWN)
    return str(folder)


def test_bundle_comes_before_the_working_folder_of_a_command(installed: Installation) -> None:
    write(installed.folder, OWN)
    assert installed.says(VERSIONS) == "1 1 1"


def test_what_lies_in_a_programs_folder_wins(installed: Installation, own: str) -> None:
    assert installed.says(f"sys.path[0] = {own!r}\n{VERSIONS}") == "2 2 2"
    # Nothing of the image's package is taken for what the other one lacks.
    program = f"sys.path[0] = {own!r}\nimport twofold\ntry:\n    import twofold.old\n"
    assert installed.says(program + "except ImportError as error:\n    print(error)") == (
        "No module named 'twofold.old'"
    )


def test_what_is_no_text_in_the_path_is_passed_over(installed: Installation, own: str) -> None:
    program = f"import pathlib\nsys.path.insert(0, pathlib.Path({own!r}))\n"
    assert installed.says(program + VERSIONS) == "1 1 1"


@pytest.mark.parametrize("rank", [0, 1])
def test_one_line_on_the_first_rank_says_that_a_leaked_package_is_not_taken(
    installed: Installation, own: str, rank: int
) -> None:
    done = installed.run(VERSIONS, PYTHONPATH=own, PMI_RANK=str(rank))
    assert (done.returncode, done.stdout) == (0, "1 1 1\n")
    assert done.stderr.count("\n") == (0 if rank else 1)
    assert rank or f"PYTHONPATH has another twofold ({own}/twofold/__init__.py)" in done.stderr
    assert installed.says(VERSIONS, "-E", PYTHONPATH=own) == "1 1 1"


# Calls it as the line in `site` does: the running Python has started already.
START_SITE = """
import site
site.ENABLE_USER_SITE = None
# Debian's Python has imported one, which lies beside its standard library.
sys.modules.pop("sitecustomize", None)
_hpcpy_site.main_for(vars(site))()
"""


def test_images_sitecustomize_is_run_at_the_start(installed: Installation) -> None:
    # Not in a venv: there Debian's own, beside the standard library, comes first on the path.
    assert installed.says(START_SITE + "import sys; print(sys.customized)") == "ours"


def test_by_the_path_what_comes_first_wins(installed: Installation, own: str) -> None:
    assert installed.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="stock") == "2 2 2"
    # What nothing on the path replaces comes from the bundle, without a file.
    assert installed.says(START_SITE + VERSIONS, HPCPY_SITE="stock") == "1 1 1"
    done = installed.run(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="other")
    assert done.stdout == "1 1 1\n"
