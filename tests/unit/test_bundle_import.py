"""Modules from memory behave as those of files do."""

from __future__ import annotations

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
