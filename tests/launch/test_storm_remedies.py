"""What ranks ask when modules, a tree or an image come to the node in another way.

In `make test`: `tests/launch/test_storm_counts.py`, the same counts without a remedy.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_storm import CHUNKS, STATIC_FILES, SmallStorm, one_node, requests, started

from hpcpy.engine.prefix import command as engine_command
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from sharedfs.configuration import PLACE, Configuration, Files
from sharedfs.configurations import CONFIGURATIONS, hook
from sharedfs.samples import Sample

pytestmark = pytest.mark.long

# More files of each kind than there are for the hook and the interpreter.
MODULES = 40
LIBRARIES = 10
# The static interpreter stands for an ordinary one: its MPI is there, and what it
# imports from here is not in it.
FOLDER = "made"
IMPORTS = f"""\
import sys
sys.path.insert(0, "{PLACE / FOLDER}")
from contextlib import nullcontext
from mpi_import import together
with %s():
    import made
assert made.found == {MODULES}, made.found"""
# What is not there is looked for, too.
INIT = f"""\
found = 0
for name in [f"m{{number}}" for number in range({MODULES})]:
    found += __import__(f"made.{{name}}", fromlist=["one"]).one
try:
    import not_there_at_all
except ImportError:
    pass
"""
# A module, and a library that several are linked with.
MODULE_C = """\
#include <Python.h>
long library%(library)d(void);
static int filled(PyObject *self) {
    return PyModule_AddIntConstant(self, "one", library%(library)d()); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, filled}, {0}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "m%(number)d", .m_slots = slots};
PyMODINIT_FUNC PyInit_m%(number)d(void) { return PyModuleDef_Init(&definition); }
"""
LIBRARY_C = "long library%d(void) { return 1; }"


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started(STATIC_FILES, has_mpi=True) as one:
        root = one.images.root["hpcpy"]
        # The ordinary packages' image is built by nothing that the tests need.
        images = replace(one.images, root={"hpcpy": root, "wheels": root})
        yield replace(one, images=images)


def compiled(package: Path, root: Path) -> None:
    """Write compiled modules into a package."""
    (include,) = (root / "opt/hpcpy/include").glob("python3.*")
    words = ["cc", "-shared", "-fPIC", f"-I{include}", "-xc", "-", "-Wl,-rpath,$ORIGIN", "-L."]

    def compile_(text: str, *more: str) -> None:
        subprocess.run([*words, *more], input=text.encode(), check=True, cwd=package)

    for number in range(LIBRARIES):
        compile_(LIBRARY_C % number, "-o", f"liblibrary{number}.so")
    for number in range(MODULES):
        values = {"number": number, "library": number % LIBRARIES}
        library = f"-llibrary{values['library']}"
        compile_(MODULE_C % values, "-o", f"m{number}.so", library)


def made(storm: SmallStorm, block: str, *, is_compiled: bool) -> Configuration:
    """Bring a package of many modules; return what imports it within a block."""
    root = storm.images.root["hpcpy"]
    package = root.parent / ("compiled" if is_compiled else "plain") / "made"
    if not package.exists():
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(INIT)
        if is_compiled:
            compiled(package, root)
        else:
            for number in range(MODULES):
                (package / f"m{number}.py").write_text("one = 1\n")
    folder = f"{STATIC_FILES.folder}/{FOLDER}"
    storm.storm.own.run("rm", "-rf", storm.storm.folder / folder)
    text = (IMPORTS % block).replace("{", "{{").replace("}", "}}")
    one = replace(
        STATIC_FILES,
        name=f"made-{block}",
        files=lambda _: [hook(folder), Files(package, f"{folder}/made")],
        # str.format is to leave it as it is.
        imports=text,
    )
    storm.bring(one)
    return one


@pytest.mark.parametrize("is_compiled", [False, True], ids=["plain", "compiled"])
def test_what_rank_0_imports_is_asked_for_by_no_other(
    storm: SmallStorm, *, is_compiled: bool
) -> None:
    files = MODULES + (LIBRARIES if is_compiled else 0)
    for sample in storm.take(made(storm, "nullcontext", is_compiled=is_compiled), 2, 2):
        # Each of a node's two ranks opens each of the files.
        assert all(requests(asked)["open"] >= 2 * files for asked in sample.asked)
    # Rank 0 opens a library to load it and to read it.
    times = 2 if is_compiled else 1
    for sample in storm.take(made(storm, "together", is_compiled=is_compiled), 2, 2):
        first, second = (requests(asked)["open"] for asked in sample.asked)
        assert times * files <= first < (times + 1) * files
        # The interpreter, the hook and what it needs.
        assert second < files
        # The copies have gone with the block.
        assert left(storm, sample) == ""


@pytest.mark.parametrize("name", ["static-sif-staged", "conda-staged"])
def test_a_staged_copy_is_asked_for_by_the_first_node_alone(storm: SmallStorm, name: str) -> None:
    staged = CONFIGURATIONS[name]
    storm.bring(staged)
    for sample in storm.take(staged, 2, 2):
        first, second = sample.asked
        assert requests(first)["open"] == 1
        assert not any(requests(second).values())
        assert second.packets == 0
    assert left(storm, sample) == ""


def left(storm: SmallStorm, sample: Sample) -> str:
    mounts = storm.storm.mounts[: sample.case.nodes]
    names = ("storm-.*sif", "storm-.*tree", "storm-squash", "mpi_import")
    pattern = f"ls /tmp | grep -E '^({'|'.join(names)})' || true"
    return "".join(mount.run("sh", "-c", pattern) for mount in mounts)


def squashed(storm: SmallStorm) -> Path:
    found = look_up(needed(["podman-hpc"]))
    if len(found) < len(needed(["podman-hpc"])):
        pytest.skip("packages are missing; run: make setup TOOLS=podman-hpc")
    root = storm.images.root["hpcpy"]
    file = root.with_name("hpcpy.squash")
    words = ["-noappend", "-no-progress", "-quiet", "-no-compression"]
    mksquashfs = engine_command("mksquashfs")
    # The nodes have their own folders mounted there; here they are empty.
    subprocess.run([mksquashfs, root, file, *words], check=True, capture_output=True)
    return file


def test_a_further_rank_asks_nothing_with_one_squash_a_node(storm: SmallStorm) -> None:
    squash = CONFIGURATIONS["static-squash-shared"]
    one = replace(storm, images=replace(storm.images, squash={"hpcpy": squashed(storm)}))
    one.bring(squash)
    alone, three = one.take(squash, 1, 1), one.take(squash, 1, 3)
    for first, all_three in zip(one_node(alone), one_node(three), strict=True):
        assert requests(all_three) == requests(first)
        assert abs(all_three.packets - first.packets) <= CHUNKS
    for sample in one.take(squash, 2, 1):
        first, second = sample.asked
        assert requests(first) == requests(second)
    assert left(storm, sample) == ""
