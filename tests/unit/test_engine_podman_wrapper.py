"""``build/tools/bin/podman`` starts the podman that was found, wherever that lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine import podman
from running import run


def test_wrapper_hands_on_variables_and_words_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "TOOLS", tmp_path / 'it\'s "a" b/tools')
    program = tmp_path / "it's `podman`"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$CONTAINERS_CONF" "$@"\n')
    program.chmod(0o755)
    value = str(tmp_path / "it's $HOME/containers.conf")
    podman.write_wrapper(program, {"CONTAINERS_CONF": value})
    wrapper = paths.TOOLS / "bin/podman"
    done = run(wrapper, "a b", "$c", check=True)
    assert done.stdout.splitlines() == [value, "a b", "$c"]
