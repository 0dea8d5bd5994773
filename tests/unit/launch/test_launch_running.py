"""Which image a launch takes without a checkout: the one that the command runs in."""

import argparse
import sys
from pathlib import Path

import pytest
from requested import requested

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch import settings
from hpcpy.launch.running import with_running
from hpcpy.launch.site import Site

IN_SIF = ("/data/my.sif", "/opt/hpcpy/bin/python3")
IN_FILE = ("", "/node/hpcpy-python")
# As of an OnDemand desktop.
IN_ANOTHERS = ("/data/desktop.sif", "/node/hpcpy-python")
IN_PODMAN = ("", "/opt/hpcpy/bin/python3")


@pytest.mark.parametrize(
    ("inside", "words", "site", "expected"),
    [
        (IN_SIF, "", Site("x"), ("apptainer", "/data/my.sif")),
        (IN_SIF, "--engine=apptainer", Site("x", engine="shifter"), ("apptainer", "/data/my.sif")),
        (IN_SIF, "", Site("x", engine="shifter"), None),
        (IN_SIF, "", Site("x", image="/site.sif"), ("", "")),
        (IN_SIF, "--image=mine.sif", Site("x"), ("", "mine.sif")),
        (IN_FILE, "", Site("x"), ("standalone", "/node/hpcpy-python")),
        (IN_FILE, "", Site("x", engine="podman-hpc"), ("standalone", "/node/hpcpy-python")),
        (IN_FILE, "--engine=apptainer", Site("x"), None),
        (IN_ANOTHERS, "", Site("x"), ("standalone", "/node/hpcpy-python")),
        (IN_FILE, "--engine=none", Site("x"), ("none", "")),
        (IN_PODMAN, "", Site("x"), None),
        (IN_PODMAN, "--image=a:1 --engine=shifter", Site("x"), ("shifter", "a:1")),
    ],
)
def test_what_this_runs_in_is_taken_where_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch,
    inside: tuple[str, str],
    words: str,
    site: Site,
    expected: tuple[str, str] | None,
) -> None:
    monkeypatch.setenv("APPTAINER_CONTAINER", inside[0])
    monkeypatch.setattr(sys, "executable", inside[1])
    request = requested(*words.split(), "--", "my.py")
    if expected is None:
        with pytest.raises(UsageError, match="needs the image's name"):
            with_running(request, site)
    else:
        taken = with_running(request, site)
        assert (taken.engine, taken.image) == expected


def test_the_settings_name_what_a_launch_will_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "site.toml"
    file.write_text('engine = "podman-hpc"\n')
    monkeypatch.setenv("HPCPY_SITE_FILE", str(file))
    monkeypatch.setattr(sys, "executable", IN_FILE[1])
    for is_checkout, engine in ((True, "podman-hpc"), (False, "standalone")):
        monkeypatch.setattr(paths, "IS_CHECKOUT", is_checkout)
        settings.main(argparse.Namespace(template=False, schema=False))
        printed = capsys.readouterr().out
        assert f'engine = "{engine}"' in printed
        assert (IN_FILE[1] in printed) is not is_checkout
