"""What the machine allows: settings for podman, remedies, the report."""

from __future__ import annotations

import tomllib

import pytest

from hpcpy.engine import podman
from hpcpy.engine.capabilities import (
    userns_remedy,
)


def test_plain_podman_is_tried_before_any_setting() -> None:
    tried = list(podman.candidates())
    assert tried[0] == ()
    assert [len(chosen) for chosen in tried] == sorted(len(chosen) for chosen in tried)
    assert set(tried[-1]) == set(podman.settings())


def test_settings_make_a_configuration_that_podman_can_read() -> None:
    conf = tomllib.loads(podman.containers_conf(tuple(podman.settings())))
    assert conf["engine"] == {"runtime": "runc", "cgroup_manager": "cgroupfs"}
    assert conf["containers"]["netns"] == "host"
    assert podman.containers_conf(()) == ""


@pytest.mark.parametrize(
    ("sysctl", "value", "remedy"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("none", "0", ""),
    ],
)
def test_remedy_names_the_sysctl_that_forbids(sysctl: str, value: str, remedy: str) -> None:
    assert userns_remedy(lambda name: value if name == sysctl else "") == remedy
