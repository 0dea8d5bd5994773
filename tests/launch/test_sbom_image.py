"""The image's own SBOM is valid, and has what scanners look up."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import sbom_validators
from hpcpy.engine.prefix import find_apptainer

SBOM = "/opt/hpcpy/share/hpcpy/sbom.spdx.json"


@pytest.fixture
def spdx(sif: str, tmp_path: Path) -> Path:
    command = [str(find_apptainer()), "exec", "--contain", sif, "cat", SBOM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path = tmp_path / "image.spdx.json"
    path.write_text(done.stdout)
    return path


def test_it_is_valid_by_its_formats_own_validator(spdx: Path) -> None:
    assert sbom_validators.of_spdx(spdx) == []


def test_every_component_has_a_purl_and_what_debian_has_not_built_a_cpe(spdx: Path) -> None:
    packages = json.loads(spdx.read_text())["packages"]
    components = [one for one in packages if one["primaryPackagePurpose"] != "CONTAINER"]
    kinds = {
        one["name"]: {r["referenceType"]: r["referenceLocator"] for r in one["externalRefs"]}
        for one in components
    }
    assert all("purl" in references for references in kinds.values())
    assert "upstream=openssl" in kinds["libssl-dev"]["purl"]
    compiled = {name for name, its in kinds.items() if its["purl"].startswith("pkg:generic/")}
    assert {"python", "libffi", "mpich"} <= compiled
    assert all("cpe23Type" in kinds[name] for name in compiled)
