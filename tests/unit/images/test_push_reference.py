"""Where an image may be pushed to; `tests/launch` pushes."""

import pytest

from hpcpy.images.push import parse_reference


# What is given, what it comes to, and whether certificates are not asked for there.
@pytest.mark.parametrize(
    ("text", "full", "is_here"),
    [
        ("registry.example.org/me/hpcpy:1", "registry.example.org/me/hpcpy:1", False),
        ("oras://localhost/hpcpy", "localhost/hpcpy:latest", True),
        ("[::1]:5000/hpcpy", "[::1]:5000/hpcpy:latest", True),
        ("127.0.0.1.example.org/hpcpy", "127.0.0.1.example.org/hpcpy:latest", False),
        ("gateway:5000/hpcpy", "gateway:5000/hpcpy:latest", False),
    ],
)
def test_a_reference_names_registry_repository_and_tag(text: str, full: str, is_here: bool) -> None:
    reference = parse_reference(text)
    assert (str(reference), reference.on_this_machine) == (full, is_here)
