"""Small images, packed as a test wants them: a SIF by Apptainer itself, an archive by hand."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from hpcpy.engine.setup import Engine
from running import run

FILES = {"usr/bin/python3": "#!/bin/sh\n", "etc/hostname": "node\n", "usr/doc": "x" * 9000}


def make_sif(engine: Engine, folder: Path, files: Mapping[str, str], *options: str) -> Path:
    root, squashfs, sif = folder / "root", folder / "root.sqfs", folder / "image.sif"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "usr/bin/python").symlink_to("python3")
    quiet = ("-quiet", "-no-progress", "-all-root")
    run(engine["mksquashfs"].path, root, squashfs, *quiet, *options, check=True)
    kind = ("--datatype", "4", "--parttype", "2", "--partfs", "1", "--partarch", "2")
    run(engine["apptainer"].path, "sif", "new", sif, check=True)
    run(engine["apptainer"].path, "sif", "add", *kind, "--groupid", "1", sif, squashfs, check=True)
    return sif


def add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def make_archive(
    path: Path, files: Mapping[str, str], *, level: int = 6, label: str = "1.28", user: str = "1000"
) -> Path:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, text in files.items():
            add(tar, name, text.encode())
    config = {"config": {"User": user, "Labels": {"io.buildah.version": label}}, "history": [label]}
    blobs = {
        "config": json.dumps(config).encode(),
        "layer": gzip.compress(layer.getvalue(), level, mtime=0),
    }
    manifest = {"config": {"digest": "a:config"}, "layers": [{"digest": "a:layer"}]}
    with tarfile.open(path, "w") as tar:
        add(tar, "index.json", b'{"manifests": [{"digest": "a:manifest"}]}')
        for name, content in {**blobs, "manifest": json.dumps(manifest).encode()}.items():
            add(tar, f"blobs/a/{name}", content)
    return path
