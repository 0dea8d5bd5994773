"""Nothing in an image's layers gives power or tells about its makers: one pass over all files."""

import json
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from hpcpy.images.graph import the_graph
from hpcpy.images.outputs import archive_path

pytestmark = pytest.mark.long

# Of those that are shipped.
IMAGES = ("hpcpy", "hpcpy-core", "hpcpy-sci", "hpcpy-dev", "hpcpy-spark", "hpcpy-cuda")
ARCHIVES = {name: archive_path(the_graph().image(name)) for name in IMAGES}
TEMPORARY = {"tmp", "var/tmp", "run/lock"}
# Docker's own `COPY` keeps capabilities of files as this header of tar.
CAPABILITY = "SCHILY.xattr.security.capability"
OF_A_MACHINE = {
    *("etc/hostname", "etc/resolv.conf", "etc/machine-id", "etc/shadow", "root/.bash_history"),
    *("var/lib/dbus/machine-id", "var/lib/systemd/random-seed"),
}
CACHES = ("var/lib/apt", "var/cache/", "var/log/", "root/.cache/", "home/hpcpy/")

if not ARCHIVES["hpcpy"].exists():
    pytest.skip(f"{ARCHIVES['hpcpy']} is not there; run: make oci", allow_module_level=True)


@dataclass
class Found:
    """What the layers have, by path."""

    modes: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


def blob(tar: tarfile.TarFile, descriptor: dict[str, str]) -> Any:
    return tar.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))


def files(layer: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo, bytes]]:
    for entry in layer:
        stream = layer.extractfile(entry) if entry.isreg() else None
        yield entry.name.removeprefix("./"), entry, stream.read() if stream else b""


@pytest.fixture(scope="module", params=[name for name in IMAGES if ARCHIVES[name].exists()])
def found(request: pytest.FixtureRequest) -> Found:
    told = Found()
    with tarfile.open(ARCHIVES[request.param]) as tar:
        index = json.load(tar.extractfile("index.json") or pytest.fail("no index"))
        manifest = json.load(blob(tar, index["manifests"][0]))
        told.settings = json.load(blob(tar, manifest["config"]))["config"]
        for descriptor in manifest["layers"]:
            with tarfile.open(fileobj=blob(tar, descriptor), mode="r|*") as layer:
                for path, entry, content in files(layer):
                    told.modes[path] = entry
                    if b"PRIVATE KEY-----\n" in content:
                        told.keys.append(path)
    return told


def test_no_file_gives_its_user_anothers_power(found: Found) -> None:
    special = stat.S_ISUID | stat.S_ISGID
    powerful = [
        path
        for path, entry in found.modes.items()
        if (entry.isreg() and entry.mode & special) or CAPABILITY in entry.pax_headers
    ]
    assert powerful == []


def test_everybody_can_write_to_sticky_temporary_folders_alone(found: Found) -> None:
    # Engines give a /dev of their own in place of the image's.
    writable = {
        path: entry
        for path, entry in found.modes.items()
        if entry.mode & stat.S_IWOTH and not entry.issym() and not path.startswith("dev/")
    }
    assert writable.keys() == TEMPORARY
    assert all(one.isdir() and one.mode & stat.S_ISVTX for one in writable.values())


def test_the_user_of_the_image_owns_its_home_alone(found: Found) -> None:
    theirs = {path for path, entry in found.modes.items() if entry.uid != 0}
    assert theirs == {"home/hpcpy"}


def test_there_is_no_device_and_nothing_that_another_layer_removes(found: Found) -> None:
    # An ordinary user's build can make no device.
    assert [path for path, one in found.modes.items() if one.isdev() or ".wh." in path] == []


def test_no_private_key_and_no_cache_is_there(found: Found) -> None:
    assert found.keys == []
    kept = [path for path, one in found.modes.items() if one.isreg() and path.startswith(CACHES)]
    assert kept == []
    assert [path for path in found.modes if path.endswith((".deb", ".pyc.tmp", ".netrc"))] == []


def test_nothing_is_told_about_the_machine_that_built_it(found: Found) -> None:
    # `make verify` shows that no other file has its name in it: it builds under another name.
    assert [path for path in OF_A_MACHINE if path in found.modes and found.modes[path].size] == []


def test_it_runs_as_a_user_who_is_not_root(found: Found) -> None:
    assert found.settings["User"] == "1000:1000"
    told = " ".join(found.settings["Env"])
    assert not any(word in told.upper() for word in ("PROXY", "TOKEN", "SECRET", "PASSWORD"))
