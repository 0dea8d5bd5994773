"""podman with the settings found for this machine really starts containers."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from hpcpy import paths
from hpcpy.engine.podman import PROBE, podman_command
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed


@pytest.fixture(scope="module")
def podman() -> tuple[list[str], dict[str, str]]:
    if len(look_up(needed(["podman"]))) < len(needed(["podman"])):
        pytest.skip("no podman here; run: make setup TOOLS=podman")
    return podman_command()


def run(podman: tuple[list[str], dict[str, str]], *words: str) -> subprocess.CompletedProcess[str]:
    argv, env = podman
    return subprocess.run(
        [*argv, *words],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_container_starts_read_only_without_network_as_a_user(
    podman: tuple[list[str], dict[str, str]],
) -> None:
    options = ("--rm", "--read-only", "--network=none", "--user=1000:1000", "--cap-drop=all")
    done = run(podman, "run", *options, PROBE, "/true")
    assert (done.returncode, done.stderr) == (0, "")


def test_images_lie_below_the_cache_apart_from_the_users_own(
    podman: tuple[list[str], dict[str, str]],
) -> None:
    done = run(podman, "info", "--format", "json")
    root = json.loads(done.stdout)["store"]["graphRoot"]
    assert root.startswith(str(paths.cache_dir()))


def test_wrapper_starts_podman_with_the_same_settings(
    podman: tuple[list[str], dict[str, str]],
) -> None:
    wrapper = ([str(paths.TOOLS / "bin/podman")], dict[str, str]())
    done = run(wrapper, "run", "--rm", "--network=none", PROBE, "/true")
    assert (done.returncode, done.stderr) == (0, "")
    assert podman
