"""Where an image may be pushed to; `tests/launch` pushes."""

import pytest

from hpcpy.images.push import parse_reference


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("registry.example.org/me/hpcpy:1", "registry.example.org/me/hpcpy:1"),
        ("oras://localhost/hpcpy", "localhost/hpcpy:latest"),
        ("[::1]:5000/hpcpy", "[::1]:5000/hpcpy:latest"),
    ],
)
def test_reference_names_registry_repository_and_tag(text: str, full: str) -> None:
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize(
    ("registry", "local"),
    [
        ("localhost", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.org", False),
        ("gateway:5000", False),
    ],
)
def test_certificates_are_checked_but_for_this_very_machine(registry: str, local: bool) -> None:
    assert parse_reference(f"{registry}/hpcpy").on_this_machine is local
