"""The libraries that wheels may take for granted: auditwheel's list, and the image."""

import importlib.util
import json
from pathlib import Path

import pytest
from own_venv import in_image, needs_image

from running import printed

# What the image lacks: a screen's.
ABSENT = {
    *("libGL.so.1", "libICE.so.6", "libSM.so.6", "libX11.so.6", "libXext.so.6"),
    "libXrender.so.1",
}
POLICY = "manylinux_2_28"
OPENS = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError as error:
        print(error)
"""

pytestmark = [pytest.mark.long, needs_image]


def promised() -> list[str]:
    """Return what auditwheel leaves out of wheels, of the developer tools' version."""
    package = importlib.util.find_spec("auditwheel")
    assert package is not None
    assert package.origin is not None
    policies = Path(package.origin).with_name("policy") / "manylinux-policy.json"
    (policy,) = (one for one in json.loads(policies.read_text()) if one["name"] == POLICY)
    libraries: list[str] = policy["lib_whitelist"]
    return libraries


def test_the_image_has_all_but_a_screens(tmp_path: Path) -> None:
    names = promised()
    assert len(names) > 20
    shown = printed(in_image(tmp_path, "python3", "-c", OPENS, *names))
    # The loader's words, which name what is missing.
    said = [f"{name}: cannot open shared object file: No such file or directory" for name in names]
    expected = [line for name, line in zip(names, said, strict=True) if name in ABSENT]
    assert shown.splitlines() == expected
    assert set(names) >= ABSENT
