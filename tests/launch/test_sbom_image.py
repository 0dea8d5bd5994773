"""The image's own SBOM is valid, and has what scanners look up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from hpcpy.build.current import sif_path
from hpcpy.build.graph import the_graph
from hpcpy.engine.prefix import find_apptainer
from running import run

SBOM = "/opt/hpcpy/share/hpcpy/sbom.spdx.json"


def written(sif: Path, folder: Path) -> Path:
    """Write an image's SBOM to a file whose name says its format."""
    path = folder / "image.spdx.json"
    path.write_text(run(find_apptainer(), "exec", "--contain", sif, "cat", SBOM, check=True).stdout)
    return path


@pytest.mark.parametrize("image", ["hpcpy", "hpcpy-cuda"])
def test_it_is_valid_by_the_validator_of_spdx(image: str, tmp_path: Path) -> None:
    sif = sif_path(the_graph().image(image))
    if not sif.exists():
        pytest.skip(f"{sif} is not there; run: make sif IMAGE={image}")
    assert validate_full_spdx_document(parse_file(str(written(sif, tmp_path)))) == []


def test_every_component_has_a_purl_and_what_debian_has_not_built_a_cpe(
    sif: str, tmp_path: Path
) -> None:
    packages = json.loads(written(Path(sif), tmp_path).read_text())["packages"]
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
