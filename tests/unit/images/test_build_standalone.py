"""What `hpcpy build standalone` makes, and of what image."""

import pytest

from hpcpy.core.errors import UsageError
from hpcpy.images import standalone
from hpcpy.images.outputs import standalone_path
from hpcpy.images.plan import make_plan
from hpcpy.sbom.contents import CONTAINED, INSTALLED, LINKED


def test_two_images_have_a_file() -> None:
    graph = make_plan().graph
    assert standalone_path(graph.image("hpcpy-core")).name == "hpcpy-python"
    assert standalone_path(graph.image("hpcpy")).name == "hpcpy-python-full"
    with pytest.raises(UsageError, match=r"hpcpy-sci has no \w+ file; hpcpy-core, hpcpy have"):
        standalone_path(graph.image("hpcpy-sci"))


@pytest.mark.parametrize("image", ["hpcpy-core", "hpcpy"])
def test_its_sbom_has_no_package_of_a_base_and_what_is_linked_in(image: str) -> None:
    plan = make_plan()
    pins = standalone._expected(plan, plan.graph.image(image)).pins
    uses = {(pin.kind, pin.name): pin.use for pin in pins}
    assert uses["wheel", "llvmlite"] == INSTALLED
    assert uses["source", "numpy"] == CONTAINED
    assert uses["debian", "libssl-dev"] == uses["debian", "libc6-dev"] == LINKED
    assert {use for (kind, _), use in uses.items() if kind == "debian"} == {LINKED}
