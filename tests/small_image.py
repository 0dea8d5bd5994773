"""A small OCI image, written by hand."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.images.oci import pack


def layer(files: Mapping[str, bytes]) -> bytes:
    """Return an uncompressed layer with some files, and no entries of folders."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def write_layout(folder: Path, layers: Sequence[bytes]) -> str:
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def add(content: bytes, kind: str) -> dict[str, str | int]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    plain = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:01Z",
        "history": [{"created_by": "a layer"} for _ in layers],
        "rootfs": {"type": "layers", "diff_ids": plain},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": add(json.dumps(config).encode(), "config.v1+json"),
        "layers": [add(gzip.compress(one, mtime=0), "layer.v1.tar+gzip") for one in layers],
    }
    described = add(json.dumps(manifest).encode(), "manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(described["digest"])


def write_archive(path: Path, layers: Sequence[bytes]) -> str:
    layout = path.with_name(f"{path.name}.layout")
    digest = write_layout(layout, layers)
    pack(layout, path, 1)
    return digest
