"""The finished SIF: its answers, what it and its SBOM say, what hpcpy-dev compiles for it."""

import json
import os
from pathlib import Path

import extension_kinds as kinds
import pytest
from local_cluster import image
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from hpcpy.images.graph import the_graph
from hpcpy.images.oci import manifest_digest
from hpcpy.images.outputs import archive_path, sif_path
from running import printed, run

IMAGE = the_graph().image("hpcpy")
SIF = sif_path(IMAGE)
# Small enough to be copied to nodes.
MOST_BYTES = 410_000_000

if not SIF.exists():
    pytest.skip(f"{SIF} is not there; run: make sif", allow_module_level=True)


def test_apptainer_runs_python() -> None:
    assert printed(run(find_apptainer(), "run", SIF, "-c", "print(6 * 7)")) == "42\n"


def test_the_sif_is_no_larger_than_what_is_said() -> None:
    assert SIF.stat().st_size <= MOST_BYTES


def test_a_hostile_python_of_the_host_does_not_leak_in(tmp_path: Path) -> None:
    poison = tmp_path / ".local/lib/python3.14/site-packages/numpy"
    poison.mkdir(parents=True)
    (poison / "__init__.py").write_text("raise SystemExit('poisoned')\n")
    env = {**os.environ, "PYTHONHOME": "/nonexistent"}
    start = (find_apptainer(), "exec", "--home", tmp_path, SIF)
    assert printed(run(*start, "python", "-c", "import numpy", env=env)) == ""


def test_archive_and_sif_are_of_the_same_image() -> None:
    stamp = json.loads(SIF.with_name(SIF.name + ".json").read_text())
    assert stamp["digest"] == manifest_digest(archive_path(IMAGE))


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


DEV = sif_path(the_graph().image("hpcpy-dev"))
FOLDER = paths.ROOT / "tests/image_dev"


def ran(sif: str | Path, folder: Path, *words: str | Path) -> None:
    apptainer, *_ = image()
    binds = f"--bind={folder}:/work,{FOLDER}:/kinds:ro"
    options = ("--contain", "--cleanenv", "--no-home", "--net", "--network=none", binds)
    done = run(apptainer, "exec", *options, "--pwd=/work", sif, "env", "HOME=/work", *words)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with each kind of module, compiled in hpcpy-dev."""
    if not DEV.exists():
        pytest.skip(f"{DEV} is not there; run: make sif IMAGE=hpcpy-dev")
    folder = tmp_path_factory.mktemp("compiled")
    ran(DEV, folder, "python", "/kinds/extension_kinds.py", "/work")
    return folder


@pytest.mark.long
@pytest.mark.parametrize("kind", kinds.BUILDERS)
def test_a_module_from_hpcpy_dev_gives_pythons_answer_in_hpcpy(kind: str, compiled: Path) -> None:
    ran(image()[-1], kinds.folder_of(kind, compiled), *kinds.check_command(kind))
