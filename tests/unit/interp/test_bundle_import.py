"""Modules from memory behave as those of files do; their bytes depend on the sources alone."""

import os
import sys
from pathlib import Path

import pytest
from small_bundle import INTERP, Installation, distribution, write

from running import run

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
    "wreck/__init__.py": "this is no Python\n",
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


def test_a_source_that_is_no_python_says_so_at_its_import(installed: Installation) -> None:
    program = """
        for name in ("broken", "wreck"):
            try:
                __import__(name)
            except SyntaxError as error:
                print(error.filename)
        """
    files = [f"{installed.site}/{file}" for file in ("broken.py", "wreck/__init__.py")]
    assert installed.says(program).splitlines() == files


DELEGATING = """
import itertools, sys, types
from _hpcpy_importer import finder
class Delegating:
    def find_spec(self, name, path=None, target=None):
        others = [each for each in sys.meta_path if each is not self]
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :]
        specs = (each.find_spec(name, path, target) for each in (others if all_others else behind))
        return next(filter(None, specs), None)
hook = sys.modules["hook"] = types.ModuleType("hook")
hook.before = lambda name: called.append(name)
finder()._before = dict.fromkeys(["lonely", "pack.inner", "absent"], ("hook",))
stock = [each for each in sys.meta_path if each is not finder()]
rows = itertools.product([True, False], [0, 1, 4], [finder().start.site, ""], [[finder()], []])
for all_others, place, finder().start.site, own in rows:
    sys.meta_path[:] = own + stock
    sys.meta_path.insert(place, Delegating())
    called = []
    for name in finder()._before:
        sys.modules.pop(name, None)
        try:
            __import__(name)
        except Exception as error:
            called.append(type(error).__name__)
    print(*called)
"""


def test_a_finder_that_asks_others_is_no_endless_loop(installed: Installation) -> None:
    told = installed.says(DELEGATING).splitlines()
    assert set(told[::2]) == {"lonely pack.inner ModuleNotFoundError"}
    assert set(told[1::2]) == {"ModuleNotFoundError"}


def test_self_check_finds_a_changed_byte(installed: Installation) -> None:
    program = f"""
        sys.path.insert(0, {str(INTERP / "tools")!r})
        sys.argv[1:] = ["--check"]
        import hpcpy_info
        sys.exit(hpcpy_info.main())
        """
    assert "modules in memory, each as it was built" in installed.says(program)
    file = installed.folder / "modules.bundle"
    good = file.read_bytes()
    at = good.index(b"Doubles.")
    file.write_bytes(good[:at] + b"T" + good[at + 1 :])
    done = installed.run(program)
    assert (done.returncode, done.stderr.count("\n")) == (65, 1)
    assert "get the image again" in done.stderr


SOURCE = '''
"""A docstring, "shared text", shared text"""
import os.path as path, sys
ANSWERS = {"one", "two", "three", "four", "five", "six"}
def f(a, /, b=(1, 1.0, True, -0.0, 0.0), *, c=b"shared bytes") -> "shared text":
    x = 12345678901234567890123, -98765432109876543210, 1.5j, ..., None, "\\ud800", "é" * 3
    def inner():
        nonlocal x
        return a, x, "shared text and more than five", "shared text and more than five"
    return inner, a in {"one", "two", "three", 3, 4.5, (1, "x")}, [i for i in "abc"]
class C[T]:
    __slots__ = ("alpha", "beta")
    def method(self): self.alpha = self.beta = self.gamma = __class__
'''
if sys.version_info < (3, 12):
    SOURCE = SOURCE.replace("C[T]", "C")

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from bundle.canonical import canonical
code = compile(sys.stdin.read(), "/somewhere.py", "exec", dont_inherit=True)
if len(sys.argv) > 2:
    # Each constant is referred to from elsewhere, each name interned by others.
    kept = [code.co_consts, [c for c in code.co_consts], *[c for c in code.co_consts]]
    kept += [getattr(c, n) for c in code.co_consts for n in dir(c) if n.startswith("co_")]
    globals().update(dict.fromkeys(["ANSWERS", "alpha", "beta", "inner", "nonlocal_"]))
print(canonical(code).hex())
"""


def marshalled(seed: int, *options: str) -> str:
    words = (sys.executable, "-c", PROGRAM, INTERP, *options)
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return run(*words, input=SOURCE, env=env, check=True).stdout


def test_bytes_depend_on_no_hash_seed_and_no_other_reference() -> None:
    assert marshalled(1) == marshalled(2) == marshalled(3, "kept")
