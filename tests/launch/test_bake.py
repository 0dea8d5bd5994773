"""`python -m hpcpy_bake`, offline: in a layer of memory, and in an image on this one."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from baking import Podman, in_memory, in_podman, setuptools, small

from hpcpy.engine.traced import Traced, traced
from measure.cases import CASES, EIGHT
from measure.targets import PYTHON, WORK, unpacked
from small_packages import wheel
from tiers import sampled
from workloads.startup import calls

DERIVED = "localhost/hpcpy-baked"
# A module and its library count in one C++ variable, the library first.
COUNTER = {
    "once.h": "inline int &counted() { static int one = 40; return one; }",
    "held.cpp": """
#include "once.h"
extern "C" void count() { counted()++; }
""",
    "counter.cpp": """
#include "once.h"
extern "C" void count();
extern "C" void *PyModule_Create2(void *, int);
extern "C" int PyModule_AddIntConstant(void *, const char *, long);
// As moduleobject.h has it: name and size of the state.
static const void *definition[13] = {0, 0, 0, 0, 0, "counter", 0, (void *)-1};
extern "C" void *PyInit_counter() {
    void *made = PyModule_Create2(definition, 1013);
    count();
    PyModule_AddIntConstant(made, "told", counted());
    return made;
}
""",
}
# The lines of what was added.
LISTED = "python -m hpcpy_info | sed '1,/^added by/d';"
BAKE = "python -m hpcpy_bake --no-index --find-links=/wheels"


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    return in_podman(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with small packages, which the image sees as /wheels."""
    folder = tmp_path_factory.mktemp("packages")
    small(folder)
    return folder


def output(packages: Path, text: str) -> str:
    done = in_memory(packages, text)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def root(podman: Podman) -> Iterator[Path]:
    """Give the root folder of a derived image with the eight libraries."""
    options = ("--isolation=chroot", "--pull=never", "--network=host", f"--tag={DERIVED}")
    podman("build", *options, podman.folder)
    mounted = podman("image", "mount", DERIVED)[1].strip()
    yield Path(mounted)
    podman("image", "unmount", DERIVED)
    podman("rmi", "--force", DERIVED)


def counted(root: Path, folder: Path, code: str) -> Traced:
    # As Apptainer sets them.
    variables = {"LANG": "C.UTF-8", "LD_LIBRARY_PATH": "/.singularity.d/libs"}
    variables |= {"HOME": "/home/me", "TMPDIR": str(WORK)}
    target = unpacked("derived", root, folder, variables)
    # The first run makes the user's caches.
    for _ in range(2):
        counts = traced(target.command(["-c", code]), PYTHON)
    return counts


@pytest.mark.long
def test_the_eight_libraries_ask_for_next_to_nothing(root: Path, tmp_path: Path) -> None:
    assert EIGHT.goal is not None
    counts = counted(root, tmp_path, EIGHT.code)
    assert not any(call.kind == "getdents" for call in counts.each)
    told = "\n".join(f"{call.kind} {call.path}" for call in counts.paths)
    assert len(counts.paths) <= EIGHT.goal.path_calls, told
    assert len(calls.off_node(counts.paths)) <= EIGHT.goal.off_node, told
    for case in CASES:
        if case.name in ("pass", "numpy") and case.goal:
            # A start that needs none of them asks for no more.
            assert len(counted(root, tmp_path, case.code).paths) <= case.goal.path_calls


def test_a_module_and_its_library_have_one_of_what_cpp_has_once(packages: Path) -> None:
    # A library that is opened before its module has an object of its own.
    if shutil.which("g++") is None:
        pytest.skip("no g++ here; run: apt-get install g++")
    folder = packages / "counter"
    folder.mkdir()
    for name, text in COUNTER.items():
        (folder / name).write_text(text)
    gcc = ("g++", "-O1", "-fno-gnu-unique", "-shared", "-fPIC", "-nostdlib", "-o")
    link = ("-L.", "-lheld", "-Wl,-rpath,$ORIGIN/held.libs")
    subprocess.run(
        [*gcc, "libheld.so", "held.cpp", "-Wl,-soname,libheld.so"], cwd=folder, check=True
    )
    subprocess.run([*gcc, "counter.so", "counter.cpp", *link], cwd=folder, check=True)
    files = {"counter.so": "counter.so", "held.libs/libheld.so": "libheld.so"}
    made = {name: (folder / file).read_bytes() for name, file in files.items()}
    wheel(packages, "counter", "1.0", made)
    told = output(
        packages, f"{BAKE} counter >/dev/null;python -c 'import counter; print(counter.told)'"
    )
    assert told == "41\n"


# What is asked for, the exit code, and words on standard error: pip's or of one line.
REFUSED = (
    ("newer", 1, ("ResolutionImpossible",)),
    ("rude", 69, ("tqdm/__init__.py", "among the image's own files")),
    ("-r /wheels/wrong.txt", 1, ("0" * 64,)),
    ("-r /wheels/half.txt", 1, ("older==1.0",)),
    ("--nonsense plain", 2, ("--nonsense",)),
    ("-e /wheels/source", 2, ("-e", "venv")),
    ("edit", 69, ("edit: its modules are not in the image",)),
    ("script", 69, ("bin/pytest", "among the image's own files")),
)


@pytest.mark.parametrize(("asked", "code", "says"), sampled(REFUSED, keep=2))
def test_what_cannot_be_baked_is_said_and_bakes_nothing(
    packages: Path, asked: str, code: int, says: tuple[str, ...]
) -> None:
    script = f"code=0; {BAKE} {asked} >/dev/null 2>/tmp/said || code=$?; echo $code; cat /tmp/said;"
    script += "test ! -e /opt/hpcpy/lib/python3.*/hpcpy_baked"
    ended, said = output(packages, script).split("\n", 1)
    assert int(ended) == code, said
    assert "hpcpy_bake: " in said
    assert all(words in said for words in says), said


# What the line on standard error says of each module that is baked; None where there is none.
IMPORTED = {
    "lacks": (
        "raise ImportError('\\nlibcuda.so.1: cannot open it\\nmore')",
        "libcuda.so.1: cannot",
    ),
    "dies": ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    "wrong": ("x = (", "SyntaxError"),
    "talks": ("import sys; print('a line'); print('error', file=sys.stderr)", None),
    # As cv2, whose extension module has its package's name.
    "finds": (
        "import sys; sys.path.insert(1, __path__[0]); own = sys.modules.pop('finds')\n"
        "import finds; VALUE, sys.modules['finds'] = finds.VALUE, own",
        None,
    ),
    # As Airflow, with what the image has, too.
    "brings": (
        "import os, sys; sys.path.insert(0, os.path.join(__path__[0], '..', 'brings', 'libs'))\n"
        "import tqdm, brought; assert tqdm.OWN",
        None,
    ),
}


def test_a_bake_says_which_modules_cannot_be_imported(packages: Path) -> None:
    for name, (text, _) in IMPORTED.items():
        more = {f"{name}/{name}.py": "VALUE = 7\n", f"{name}.libs/held.so": "", f"{name}.pth": ""}
        more |= {f"{name}/libs/brought.py": "", f"{name}/libs/tqdm.py": "OWN = True\n"}
        wheel(packages, name, "1.0", {f"{name}/__init__.py": text, **more})
    done = in_memory(
        packages,
        f"export HOME=/tmp/home; mkdir $HOME; {BAKE} {' '.join(IMPORTED)} >/dev/null;"
        "ls -A $HOME; python -c 'import finds; print(finds.VALUE)'",
    )
    assert (done.returncode, done.stdout) == (0, "7\n")
    said = {line.split()[2]: line for line in done.stderr.splitlines() if "import" in line}
    reasons = {name: reason for name, (_, reason) in IMPORTED.items() if reason}
    assert said.keys() == reasons.keys(), done.stderr
    assert all(reasons[name] in line for name, line in said.items()), done.stderr


def test_a_user_who_may_not_write_is_told_where_to_bake(packages: Path) -> None:
    done = in_memory(packages, f"{BAKE} plain", writable=False)
    assert done.returncode == 73
    assert "USER 0" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_the_same_bytes_from_the_same_requirements(podman: Podman) -> None:
    script = (
        f"SOURCE_DATE_EPOCH=1700000000 {BAKE} -r /wheels/small.txt >/dev/null;"
        "cd /opt/hpcpy/lib/python3.*/; find hpcpy_baked -type f | sort | xargs sha256sum;"
        "stat -c %Y hpcpy_baked/../site-packages site-packages/plain/part.py"
    )
    (podman.folder / "small.txt").write_text("plain==1.0\nmarkupsafe\nkiwisolver\nbiopython\n")
    first, second = podman.script(script), podman.script(script)
    assert first == second
    assert first.splitlines()[-2:] == ["1700000000"] * 2


@pytest.mark.long
def test_baking_again_adds_upgrades_and_takes_out(packages: Path) -> None:
    setuptools(packages)
    told = output(
        packages,
        f"{BAKE} plain==1.0 >/dev/null; {BAKE} source >/dev/null;"
        "python -c 'import plain, source; print(plain.VALUE, plain.__spec__.loader.offset > 0)';"
        f"{BAKE} plain==2.0 >/dev/null;"
        "python -c 'import plain; print(plain.VALUE, plain.__spec__.loader.offset > 0)';"
        "test ! -e /opt/hpcpy/lib/python3.*/site-packages/plain/part.py;"
        f"{LISTED}"
        "python -m pip uninstall -qqy --break-system-packages plain;"
        f"python -m hpcpy_bake >/dev/null; {LISTED}"
        "python -c 'import plain' 2>&1 | tail -1",
    )
    lines = told.splitlines()
    assert lines[:2] == ["1 True", "2 True"]
    baked = [["plain", "2.0", "1"], ["source", "1.0", "1"]]
    assert [line.split()[:3] for line in lines[2:4]] == baked
    assert [line.split()[0] for line in lines[4:]] == ["source", "ModuleNotFoundError:"]


@pytest.mark.long
def test_a_base_with_another_abi_is_refused_until_what_is_baked_fits_it(packages: Path) -> None:
    # Another base, by hand; what its site-packages and its bundle say of numpy is kept.
    wheel(packages, "fast", "1.0", {"fast.py": "", "fast_part.so": b""}, ["numpy>=2"])
    change = (
        "import sys; file, old, new = sys.argv[1:]; data = open(file, 'rb').read();"
        "assert data.count(old.encode()) == 1; open(file, 'wb').write("
        "data.replace(old.encode(), new.encode()))"
    )
    numpy = "$(python -c 'import numpy; print(numpy.__version__)')"
    lib = "$(echo /opt/hpcpy/lib/python3.*)"
    told = output(
        packages,
        f"{BAKE} fast >/dev/null; n={numpy}; l={lib};"
        "newer=3${n#?};"
        f'python -c "{change}" $l/hpcpy_baked/modules.bundle $n $newer;'
        "python -c 'import numpy'; python -c 'import fast' 2>&1 | tail -1;"
        "sed -i 's/numpy>=2/numpy>=3/' $l/site-packages/fast-1.0.dist-info/METADATA;"
        "python -m hpcpy_bake >/tmp/said 2>&1 && exit 1;"
        "grep -e 'were baked on' -e requirement /tmp/said;"
        "sed -i 's/numpy>=3/numpy>=2/' $l/site-packages/fast-1.0.dist-info/METADATA;"
        "python -m hpcpy_bake >/dev/null 2>&1; python -c 'import fast; print(fast.__name__)'",
    )
    refused, again, wrong, works = told.splitlines()
    assert "were baked on a base with numpy 3." in refused
    assert "were baked on a base with numpy 3." in again
    assert "fast 1.0 has requirement numpy>=3, but you have numpy 2." in wrong
    assert works == "fast"


def test_what_pip_installs_over_a_baked_package_wins(packages: Path) -> None:
    told = output(
        packages,
        f"{BAKE} plain==1.0 >/dev/null;"
        "python -m pip install -q --root-user-action=ignore --break-system-packages"
        " --no-index -f /wheels plain==2.0;"
        "python -c 'import plain; print(plain.VALUE)';"
        "python -c 'import importlib.metadata as m; print(m.version(\"plain\"))'",
    )
    assert told == "2\n2.0\n"


@pytest.mark.long
def test_a_module_of_no_distribution_is_imported_from_its_file(packages: Path) -> None:
    told = output(
        packages,
        'l="$(echo /opt/hpcpy/lib/python3.*)"; echo "VALUE = 3" > $l/site-packages/bare.py;'
        f"{BAKE} plain==1.0 2>&1 | grep bare;"
        "python -c 'import bare, plain; print(bare.VALUE, plain.VALUE)'",
    )
    said, values = told.splitlines()
    assert "no distribution has bare: imported from files" in said
    assert values == "3 1"


def test_a_bake_is_for_all_users_and_keeps_assertions(packages: Path) -> None:
    told = output(
        packages,
        f"umask 077; PYTHONOPTIMIZE=2 {BAKE} sure bundle broken named plain==1.0 | grep pth;"
        "python -m hpcpy_bake >/dev/null;"
        "python -c 'import sure, plain; print(sure.f.__doc__, plain.VALUE)';"
        "cd /opt/hpcpy/lib/python3.*/; stat -c %A hpcpy_baked site-packages/plain/part.py",
    )
    assert "not read at a start, so what they add is not found: named.pth" in told
    assert told.splitlines()[1:] == ["text 1", "drwxr-xr-x", "-rw-r--r--"]


@pytest.mark.long
def test_it_yields_to_a_venv_and_to_the_path(packages: Path) -> None:
    told = output(
        packages,
        f"{BAKE} plain==1.0 >/dev/null;"
        "cd /tmp; python -m venv --system-site-packages own; python -m venv bare;"
        "own/bin/python -m pip install -q --no-index -f /wheels plain==2.0;"
        "own/bin/python -c 'import plain; print(plain.VALUE)';"
        "bare/bin/python -c 'import plain' 2>&1 | tail -1;"
        "python -m pip install -q --no-index -f /wheels --target there plain==2.0;"
        "export PYTHONPATH=/tmp/there; python -c 'import plain; print(plain.VALUE)';"
        "HPCPY_MODULES=stock python -c 'import plain; print(plain.VALUE)'",
    )
    assert told == "2\nModuleNotFoundError: No module named 'plain'\n1\n2\n"
