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
from sharedfs import fill
from sharedfs.configurations import CONFIGURATIONS, Configuration, Files, broadcast, tree
from sharedfs.programs import PYNAMIC
from sharedfs.pynamic import made as pynamic
from sharedfs.pynamic.generate import Size
from sharedfs.samples import Sample

pytestmark = pytest.mark.long

MODULES = 40
# The static interpreter stands for an ordinary one: its MPI is there, and what it
# imports from here is not in it.
PLACE = "made"
HOOK = broadcast.hook(f"{STATIC_FILES.folder}/{PLACE}")
# More files than there are for the hook and the interpreter.
SIZE = Size(modules=40, functions=6, libraries=10, library_functions=3)
TOGETHER = """\
import sys
sys.path.insert(0, "{folder}")
from mpi_import import together
with together():
    {{}}"""
IMPORTS = """\
import sys
sys.path.insert(0, "{folder}")
from contextlib import nullcontext
from mpi_import import together
with {block}():
    import made
assert made.found == {modules}, made.found"""
# An extension module that is linked with all of Pynamic's modules.
LINKED = "linked"
LINKED_C = f"""\
#include <Python.h>
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, .m_name = "{LINKED}"}};
PyMODINIT_FUNC PyInit_{LINKED}(void) {{ return PyModuleDef_Init(&definition); }}
"""
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


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started(STATIC_FILES, has_mpi=True) as one:
        root = one.images.root["hpcpy"]
        # The ordinary packages' image is built by nothing that the tests need.
        images = replace(one.images, root={"hpcpy": root, "wheels": root})
        yield replace(one, images=images)


def made(storm: SmallStorm, block: str) -> Configuration:
    folder = storm.images.root["hpcpy"].parent / "made"
    package = folder / "made"
    if not package.exists():
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(INIT)
        for number in range(MODULES):
            (package / f"m{number}.py").write_text("one = 1\n")
    inside = tree.PLACE / PLACE
    text = IMPORTS.format(folder=inside, block=block, modules=MODULES)
    # str.format is to leave it as it is.
    return replace(
        STATIC_FILES,
        name=f"made-{block}",
        files=lambda _: [HOOK, Files(package, f"{STATIC_FILES.folder}/{PLACE}/made")],
        imports=text.replace("{", "{{").replace("}", "}}"),
    )


def test_what_rank_0_imports_is_asked_for_by_no_other(storm: SmallStorm) -> None:
    alone, sent = made(storm, "nullcontext"), made(storm, "together")
    storm.bring(sent)
    for sample in storm.take(alone, 2, 2):
        # Each of a node's two ranks opens each of the modules.
        assert all(requests(asked)["open"] >= 2 * MODULES for asked in sample.asked)
    for sample in storm.take(sent, 2, 2):
        first, second = (requests(asked)["open"] for asked in sample.asked)
        assert MODULES <= first < 2 * MODULES
        # The interpreter, the hook and what it needs.
        assert second < MODULES


def test_compiled_modules_and_their_libraries_are_asked_for_by_no_other(
    storm: SmallStorm,
) -> None:
    modules = pynamic.made(storm.images.root["hpcpy"], SIZE)
    there = [HOOK, Files(modules, f"{STATIC_FILES.folder}/{PYNAMIC}")]
    fill.copy(storm.storm.own, there)
    text = TOGETHER.format(folder=tree.PLACE / PLACE)
    sent = replace(STATIC_FILES, name="pynamic-sent", imports=text)
    files = SIZE.modules + SIZE.libraries
    for sample in storm.take(STATIC_FILES, 1, 2, PYNAMIC):
        assert requests(sample.asked[0])["open"] >= 2 * files
    for sample in storm.take(sent, 2, 2, PYNAMIC):
        first, second = (requests(asked)["open"] for asked in sample.asked)
        # Rank 0 opens each to load it and to read it, its neighbour none.
        assert 2 * files <= first < 3 * files
        assert second < files // 2
        # The copies have gone with the block.
        assert left(storm, sample) == ""


def linked(root: Path, modules: Path) -> Path:
    (include,) = (root / "opt/hpcpy/include").glob("python3.*")
    file = root.parent / f"{LINKED}.so"
    words = ["cc", "-shared", "-fPIC", f"-I{include}", "-xc", "-", "-o", str(file)]
    words += ["-Wl,--no-as-needed,-rpath,$ORIGIN", f"-L{modules}"]
    words += [f"-l:pynamic_module{number}.so" for number in range(SIZE.modules)]
    subprocess.run(words, input=LINKED_C.encode(), check=True)
    return file


def test_a_module_that_came_as_a_library_is_not_sent_again(storm: SmallStorm) -> None:
    root = storm.images.root["hpcpy"]
    modules = pynamic.made(root, SIZE)
    place = f"{STATIC_FILES.folder}/{PYNAMIC}"
    file = Files(linked(root, modules), f"{place}/{LINKED}.so")
    fill.copy(storm.storm.own, [HOOK, Files(modules, place), file])
    text = TOGETHER.format(folder=tree.PLACE / PLACE)
    first = f"import sys; sys.path.append('{tree.PLACE / PYNAMIC}'); import {LINKED}; {{}}"
    opened = []
    for name, imports in (("pynamic-sent", text), ("linked-sent", text.replace("{}", first))):
        sent = replace(STATIC_FILES, name=name, imports=imports)
        samples = storm.take(sent, 1, 2, PYNAMIC)
        opened += [requests(sample.asked[0])["open"] for sample in samples]
    # Written anew, a file that is mapped ends the ranks that read it by SIGBUS.
    assert max(opened) - min(opened) < SIZE.libraries, opened


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
    names = ("hpcpy-.*sif", "storm-.*-tree", "storm-squash", "mpi_import")
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
