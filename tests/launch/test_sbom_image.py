"""The image's own SBOM is valid in both formats, and can be audited."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import sbom_validators
from hpcpy.build.cyclonedx import converted
from hpcpy.commands import run
from hpcpy.engine.apptainer import find

SBOM = "/opt/hpcpy/share/hpcpy/sbom.spdx.json"


@pytest.fixture
def spdx(sif: str, tmp_path: Path) -> Path:
    command = [str(find()), "exec", "--contain", sif, "cat", SBOM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path = tmp_path / "image.spdx.json"
    path.write_text(done.stdout)
    return path


def test_it_is_valid_by_its_formats_own_validators(spdx: Path) -> None:
    assert sbom_validators.of_spdx(spdx) == []
    assert sbom_validators.of_cyclonedx(converted(spdx.read_text())) == []


def test_every_component_of_debian_and_pypi_can_be_looked_up(
    spdx: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {"status": "open", "urgency": "high", "repositories": {}}
    hole = {"description": "made up", "releases": {"trixie": state}}
    event = {"introduced": "0"}
    affected = {
        "package": {"ecosystem": "PyPI", "name": "pip"},
        "ranges": [{"type": "ECOSYSTEM", "events": [event]}],
    }
    record = {"id": "MADE-UP-1", "modified": "2026-11-01T00:00:00Z", "affected": [affected]}
    data = tmp_path / "data"
    data.mkdir()
    (data / "tracker.json").write_text(json.dumps({"openssl": {"CVE-2026-1000": hole}}))
    (data / "pypi.json").write_text(json.dumps(record))
    assert run(["audit", str(spdx), f"--data={data}", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    (pip, openssl) = sorted(told["findings"], key=lambda one: str(one["id"]), reverse=True)
    assert (pip["component"]["name"], openssl["component"]["name"]) == ("pip", "openssl")
    assert {"libssl3t64", "libssl-dev"} <= {*openssl["component"]["packages"]}
    # What is compiled here is looked up where a database has it, and these have nothing of it.
    names = {one["name"] for one in told["not_looked_up"]}
    assert names <= {"libffi", "mpich", "mpich-abi", "openmpi", "python"}
