"""What the machine allows: settings for podman, remedies, the machine."""

import resource
import tomllib

import pytest

from hpcpy.engine import podman
from hpcpy.engine.machine import userns_remedy


@pytest.mark.parametrize("hard", [512, 4096, resource.RLIM_INFINITY])
def test_limits_in_a_container_are_never_above_the_hosts(
    hard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (hard, hard))
    conf = tomllib.loads(podman.containers_conf())
    for limit in conf["containers"]["default_ulimits"]:
        soft, most = map(int, limit.split("=")[1].split(":"))
        assert soft <= most
        assert hard == resource.RLIM_INFINITY or most <= hard


@pytest.mark.parametrize(
    ("sysctl", "value", "remedy"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
        ("none", "0", ""),
    ],
)
def test_remedy_names_the_sysctl_that_forbids(sysctl: str, value: str, remedy: str) -> None:
    assert userns_remedy(lambda name: value if name == sysctl else "") == remedy
