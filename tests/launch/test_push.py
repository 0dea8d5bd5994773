"""An image that is pushed is in the registry: the same, for who pulls it."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_registry import Registry, serve

from hpcpy.engine.setup import Engine, ensure
from hpcpy.images.oci import manifest_digest
from hpcpy_common.errors import HpcpyError
from small_image import layer, write_archive


@pytest.fixture(scope="module")
def engine() -> Engine:
    try:
        return ensure("registry")
    except HpcpyError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def no_logins_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "auth.json").write_text("{}")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))


@pytest.fixture
def registry(engine: Engine, tmp_path: Path) -> Iterator[Registry]:
    yield from serve(engine, tmp_path)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_archive(tmp_path / "image.oci.tar", [layer({"etc/greeting": b"hello"})])
    return tmp_path / "image.oci.tar"


def test_pushed_image_comes_back_with_the_same_digest(
    registry: Registry, archive: Path, tmp_path: Path
) -> None:
    source = registry.push(archive, "group/hpcpy:1")
    digest = manifest_digest(archive)
    says = registry.skopeo_says("inspect", "--tls-verify=false", "--format", "{{.Digest}}", source)
    assert says.strip() == digest
    back = tmp_path / "back"
    registry.skopeo_says("copy", "--src-tls-verify=false", source, f"oci:{back}:hpcpy")
    index = json.loads((back / "index.json").read_text())
    assert index["manifests"][0]["digest"] == digest
    with tarfile.open(archive) as tar:
        sent = {Path(name).name for name in tar.getnames() if name.startswith("blobs/sha256/")}
    assert {path.name for path in (back / "blobs/sha256").iterdir()} == sent
