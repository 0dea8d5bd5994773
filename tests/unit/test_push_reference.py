"""Where an image may be pushed to; `tests/launch` pushes."""

from __future__ import annotations

import pytest

from hpcpy.build.push import parse_reference
from hpcpy.commands import run
from hpcpy.errors import UsageError


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("registry.example.org/me/hpcpy:1", "registry.example.org/me/hpcpy:1"),
        ("docker://registry.example.org/me/hpcpy", "registry.example.org/me/hpcpy:latest"),
        (
            "registry.example.org:5000/a/b_c/d-e.f:V1.0-x",
            "registry.example.org:5000/a/b_c/d-e.f:V1.0-x",
        ),
        ("localhost/hpcpy", "localhost/hpcpy:latest"),
        ("oras://localhost/hpcpy", "localhost/hpcpy:latest"),
        ("gateway:5000/hpcpy", "gateway:5000/hpcpy:latest"),
        ("[::1]:5000/hpcpy", "[::1]:5000/hpcpy:latest"),
    ],
)
def test_reference_names_registry_repository_and_tag(text: str, full: str) -> None:
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hpcpy",
        "me/hpcpy:1",  # of Docker Hub's user "me", for other tools
        "registry.example.org/",
        "registry.example.org/Me/hpcpy",
        "registry.example.org/me/hpcpy:",
        "registry.example.org/me//hpcpy",
        "registry.example.org/me/hpcpy@sha256:" + "0" * 64,
        "oci:registry.example.org/hpcpy",
        "oras://docker://registry.example.org/hpcpy",
        "registry.example.org/hpcpy --debug",
        "registry.example.org/hpcpy\n",
        "-h",
    ],
)
def test_malformed_reference_is_one_line_before_anything_is_built(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(["push", "--", text if not text.endswith("\n") else text + "x"])
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_no_reference_is_a_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no REF is given; such as make push"):
        run(["push"])


@pytest.mark.parametrize(
    ("registry", "local"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org:5000", False),
        ("gateway:5000", False),
    ],
)
def test_certificates_are_checked_but_for_this_very_machine(registry: str, local: bool) -> None:
    assert parse_reference(f"{registry}/hpcpy").on_this_machine is local
