"""Modules from memory behave as those of files do; what is before them on the path wins."""

import os
from pathlib import Path

import pytest
from small_bundle import Installation, distribution, write

FILES = {
    "pack/__init__.py": "from pack.inner import double\nNAME = __name__\n",
    "pack/inner.py": """\
        \"\"\"Doubles.\"\"\"

        def double(x):
            return 2 * x  # twice

        def fail():
            raise RuntimeError("failed")
        """,
    "pack/data/text.txt": "some data\n",
    "pack/deep/__init__.py": "",
    "pack/deep/leaf.py": "import pack\nassert pack.NAME\n",
    "tries.py": "try:\n    import winreg, beside\nexcept ImportError:\n    winreg = None\n",
    "lonely.py": "VALUE = 1\nassert VALUE, 'kept'\nCHECKED = __debug__\n",
    "broken.py": "VALUE = 1\nthis is no Python\n",
    "space/one.py": "WHERE = 'bundle'\n",
    **distribution("Pack", "1.5", "pack/__init__.py", "pack/inner.py"),
}


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


def test_import_asks_no_file_system(installed: Installation) -> None:
    program = """
        forbid_asking()
        import pack, pack.inner, pack.deep.leaf, lonely
        try:
            import pack.absent
        except ModuleNotFoundError as error:
            print(error, error.name)
        print(pack.double(4))
        """
    assert installed.says(program).splitlines() == [
        "No module named 'pack.absent' pack.absent",
        "8",
    ]


def test_module_has_the_attributes_of_a_file(installed: Installation) -> None:
    program = """
        import pack.inner
        from importlib.machinery import SourceFileLoader
        from importlib.util import cache_from_source
        print(pack.__file__, pack.__path__, pack.inner.__file__, pack.inner.__package__)
        print(pack.__spec__.has_location)
        for module in (pack, pack.inner):
            print(module.__cached__ == module.__spec__.cached == cache_from_source(module.__file__))
        print(isinstance(pack.__loader__, SourceFileLoader), pack.__loader__.is_package("pack"))
        print(pack.double.__code__.co_filename == pack.inner.__file__)
        """
    home = installed.site / "pack"
    assert installed.says(program).splitlines() == [
        f"{home}/__init__.py ['{home}'] {home}/inner.py pack",
        "True",
        "True",
        "True",
        "True True",
        "True",
    ]


def test_traceback_shows_source_lines_and_no_line_of_ours(installed: Installation) -> None:
    write(installed.site, {"fails.py": "import pack\npack.inner.fail()\n"})
    done = installed.run("import fails")
    assert 'raise RuntimeError("failed")' in done.stderr
    assert "pack.inner.fail()" in done.stderr
    assert "_hpcpy" not in done.stderr
    assert "importlib" not in done.stderr


def test_resources_and_metadata_are_read_from_disk(installed: Installation) -> None:
    program = """
        from importlib import metadata, resources
        print(resources.files("pack").joinpath("data/text.txt").read_text(), end="")
        print(resources.files("pack.data").joinpath("text.txt").read_text(), end="")
        print(metadata.version("pack"), [str(file) for file in metadata.files("pack")][:2])
        """
    assert installed.says(program).splitlines() == [
        "some data",
        "some data",
        "1.5 ['pack/__init__.py', 'pack/inner.py']",
    ]


def test_site_packages_as_built_is_not_listed(installed: Installation) -> None:
    installed.epoch = 1_000_000
    os.utime(installed.site, (installed.epoch, installed.epoch))
    program = """
        def refuse(path):
            raise AssertionError(path)
        sys.path[:] = [path for path in sys.path if path.endswith("/lib/site-packages")][-1:]
        list_folder, posix.listdir = posix.listdir, refuse
        try:
            import later
        except ModuleNotFoundError:
            print("absent")
        """
    assert installed.says(program) == "absent"
    write(installed.site, {"later.py": "VALUE = 5\n"})
    assert installed.says("import later; print(later.VALUE)") == "5"


def test_the_working_folder_is_not_read_for_what_a_package_tries(
    installed: Installation,
) -> None:
    write(installed.folder, {"winreg.py": "", "beside.py": ""})
    program = """
        import tries
        print(tries.winreg, sys.path_importer_cache[posix.getcwd()]._path_mtime)
        import beside, winreg
        print(beside.__file__, winreg.__file__)
        """
    home = installed.folder
    assert installed.says(program).splitlines() == ["None -1", f"{home}/beside.py {home}/winreg.py"]


TWOFOLD = {
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
def twofold(tmp_path: Path) -> Installation:
    return Installation(tmp_path, TWOFOLD)


@pytest.fixture
def own(twofold: Installation) -> str:
    folder = twofold.folder / "own"
    write(folder, OWN)
    return str(folder)


def test_bundle_comes_before_the_working_folder_of_a_command(twofold: Installation) -> None:
    write(twofold.folder, OWN)
    assert twofold.says(VERSIONS) == "1 1 1"


def test_what_lies_in_a_programs_folder_wins(twofold: Installation, own: str) -> None:
    assert twofold.says(f"sys.path[0] = {own!r}\n{VERSIONS}") == "2 2 2"
    # Nothing of the image's package is taken for what the other one lacks.
    program = f"sys.path[0] = {own!r}\nimport twofold\ntry:\n    import twofold.old\n"
    assert twofold.says(program + "except ImportError as error:\n    print(error)") == (
        "No module named 'twofold.old'"
    )


def test_what_is_no_text_in_the_path_is_passed_over(twofold: Installation, own: str) -> None:
    program = f"import pathlib\nsys.path.insert(0, pathlib.Path({own!r}))\n"
    assert twofold.says(program + VERSIONS) == "1 1 1"


@pytest.mark.parametrize("rank", [0, 1])
def test_one_line_on_the_first_rank_says_that_a_leaked_package_is_not_taken(
    twofold: Installation, own: str, rank: int
) -> None:
    done = twofold.run(VERSIONS, PYTHONPATH=own, PMI_RANK=str(rank))
    assert (done.returncode, done.stdout) == (0, "1 1 1\n")
    assert done.stderr.count("\n") == (0 if rank else 1)
    assert rank or f"PYTHONPATH has another twofold ({own}/twofold/__init__.py)" in done.stderr
    assert twofold.says(VERSIONS, "-E", PYTHONPATH=own) == "1 1 1"


# Calls it as the line in `site` does: the running Python has started already.
START_SITE = """
import site
site.ENABLE_USER_SITE = None
# Debian's Python has imported one, which lies beside its standard library.
sys.modules.pop("sitecustomize", None)
_hpcpy_site.main_for(vars(site))()
"""


def test_images_sitecustomize_is_run_at_the_start(twofold: Installation) -> None:
    # Not in a venv: there Debian's own, beside the standard library, comes first on the path.
    assert twofold.says(START_SITE + "import sys; print(sys.customized)") == "ours"


def test_by_the_path_what_comes_first_wins(twofold: Installation, own: str) -> None:
    assert twofold.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_MODULES="stock") == "2 2 2"
    # What nothing on the path replaces comes from the bundle, without a file.
    assert twofold.says(START_SITE + VERSIONS, HPCPY_MODULES="stock") == "1 1 1"
    done = twofold.run(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_MODULES="other")
    assert done.stdout == "1 1 1\n"
