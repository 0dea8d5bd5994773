"""A layer that is added to an image without a container engine."""

import gzip
import hashlib
import json
import tarfile
from io import BytesIO
from pathlib import Path

from hpcpy.images import own_command
from hpcpy.images.oci import add_layer, blob
from small_image import layer, write_layout


def test_the_command_is_the_images_last_layer(tmp_path: Path) -> None:
    first, added = layer({"etc/passwd": b""}), own_command.layer(1)
    write_layout(tmp_path, [first])
    add_layer(tmp_path, added, "the command")
    index = json.loads((tmp_path / "index.json").read_bytes())
    manifest = json.loads((tmp_path / blob(index["manifests"][0])).read_bytes())
    config = json.loads((tmp_path / blob(manifest["config"])).read_bytes())
    hashes = [f"sha256:{hashlib.sha256(plain).hexdigest()}" for plain in (first, added)]
    assert config["rootfs"]["diff_ids"] == hashes
    assert len(config["history"]) == len(hashes)
    kept = [(tmp_path / blob(one)).read_bytes() for one in manifest["layers"]]
    assert [gzip.decompress(kept[0]), kept[1]] == [first, added]
    # None is left of the image without it, and each has the name of its bytes.
    described = [index["manifests"][0], manifest["config"], *manifest["layers"]]
    blobs = {path.name: path.read_bytes() for path in (tmp_path / "blobs/sha256").iterdir()}
    assert {f"sha256:{name}" for name in blobs} == {one["digest"] for one in described}
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in blobs.items())
    assert [one["size"] for one in described] == [
        (tmp_path / blob(one)).stat().st_size for one in described
    ]


def test_its_files_are_the_same_every_time() -> None:
    with tarfile.open(fileobj=BytesIO(own_command.layer(7))) as archive:
        entries = archive.getmembers()
    assert own_command.layer(7) == own_command.layer(7)
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0, 0, 7)}
    # A folder comes before what is in it.
    seen = {"opt/hpcpy/bin", "opt/hpcpy/share/hpcpy"}
    for entry in entries:
        assert entry.name.rpartition("/")[0] in seen
        seen |= {entry.name} if entry.isdir() else set()
    programs = [entry.name for entry in entries if entry.isreg() and entry.mode == 0o755]
    assert programs == ["opt/hpcpy/bin/hpcpy"]
