"""Builds for another architecture than this machine's: what their recipes find."""

import platform
from pathlib import Path

import pytest

from hpcpy.commands import run
from hpcpy.images import cross
from hpcpy.images.outputs import archive_path, sif_path
from hpcpy.images.plan import make_plan
from hpcpy_common.errors import UsageError

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the compilers for another architecture are x86-64's"
)


@pytest.mark.parametrize(("arch", "is_own"), [("aarch64", True), ("x86_64", False)])
def test_flags_and_patches_are_the_targets_also_where_nothing_is_emulated(
    tmp_path: Path, arch: str, is_own: bool
) -> None:
    recipes = tmp_path / "recipes"
    patches = recipes / "patches/libffi"
    patches.mkdir(parents=True)
    (recipes / "lib.sh").write_text("of all\n")
    cross.adapt(tmp_path, arch, None)
    own = sorted(path.name for path in (*recipes.glob("*.sh"), *patches.iterdir()))
    assert own == (["large-pages.patch", "lib.sh", "lib_of_all.sh"] if is_own else ["lib.sh"])
    assert ("-march=armv8-a" in (recipes / "lib.sh").read_text()) is is_own


def test_tools_are_this_machines_and_what_is_installed_the_targets() -> None:
    plan = make_plan("aarch64")
    assert plan.native is not None
    stack, numpy = plan.graph.parts["stack"], plan.graph.parts["numpy"]
    assert not any("x86_64" in one.filename for one in plan.pins(stack))
    assert any("aarch64" in one.filename for one in plan.pins(stack))
    tools = [one.filename for one in plan.tools(numpy)]
    assert any("x86_64" in name for name in tools)
    # Which the target's Python takes for its own.
    assert not any("x86_64" in cross.tool_name(name, "aarch64") for name in tools)
    assert plan.debian_sets(stack) == [("patchelf", "x86_64")]
    assert {*plan.debian_sets(plan.graph.parts["pocl"])} == {("pocl", "aarch64")}


def test_keys_and_files_of_another_architecture_are_its_own() -> None:
    plan, own = make_plan("aarch64"), make_plan()
    assert plan.native is not None
    image, ours = plan.graph.image("hpcpy"), own.graph.image("hpcpy")
    assert plan.native.image_key(ours) == own.image_key(ours)
    for part in plan.graph.built(image):
        assert plan.part_key(part) != own.part_key(own.graph.of(ours, part.name))
    assert archive_path(image).name == "hpcpy-aarch64.oci.tar"
    assert sif_path(image).name == "hpcpy-aarch64.sif"
    assert make_plan(own.arch).native is None


@pytest.mark.parametrize("words", [["sif", "hpcpy-cuda"], ["oci", "builder"]])
def test_other_images_are_refused_with_those_that_are_built(words: list[str]) -> None:
    with pytest.raises(UsageError, match="only hpcpy, hpcpy-core, plain are built"):
        run(["build", *words, "--arch", "aarch64"])
