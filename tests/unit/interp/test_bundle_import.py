"""Modules from memory behave as those of files do; what is before them on the path wins."""

from pathlib import Path

import pytest
from small_bundle import Installation, distribution, write

FILES = {
    "pack/__init__.py": "from pack.inner import double\nNAME = __name__\n",
    "pack/inner.py": """\
        \"\"\"Doubles.\"\"\"

        def double(x):
            return 2 * x  # twice
        """,
    "pack/deep/__init__.py": "",
    "pack/deep/leaf.py": "import pack\nassert pack.NAME\n",
    "tries.py": "try:\n    import winreg, beside\nexcept ImportError:\n    winreg = None\n",
    "lonely.py": "VALUE = 1\nassert VALUE, 'kept'\nCHECKED = __debug__\n",
    "broken.py": "VALUE = 1\nthis is no Python\n",
    "space/one.py": "WHERE = 'bundle'\n",
    "sitecustomize.py": "import sys\nsys.customized = 'ours'\n",
    **distribution("Pack", "1.5", "pack/__init__.py", "lonely.py"),
}


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


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


def test_the_working_folder_is_not_read_for_what_a_package_tries(installed: Installation) -> None:
    write(installed.folder, {"winreg.py": "", "beside.py": ""})
    program = """
        import tries
        print(tries.winreg, sys.path_importer_cache[posix.getcwd()]._path_mtime)
        import beside, winreg
        print(beside.__file__, winreg.__file__)
        """
    home = installed.folder
    assert installed.says(program).splitlines() == ["None -1", f"{home}/beside.py {home}/winreg.py"]


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


def test_a_hook_precedes_a_module_once_imported_or_executed_by_runpy(
    installed: Installation,
) -> None:
    program = """
        import runpy, sys, types
        from _hpcpy_importer import finder
        hook = sys.modules["hook"] = types.ModuleType("hook")
        called = []
        hook.before = called.append
        finder()._before["lonely"] = ("hook",)
        runpy.run_module("lonely", run_name="__main__")
        print(called)
        import lonely
        print(called)
        """
    assert installed.says(program).splitlines() == ["['lonely']", "['lonely', 'lonely']"]
