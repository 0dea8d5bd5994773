"""NVIDIA's files are those that its licence lists as distributable, unchanged, and no others."""

import base64
import csv
import hashlib
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from nvidia import COMPONENTS, FILES, LICENCES, SITE

# Empty files by which the folder of headers is found, and links to files that
# numba-cuda and CuPy bring.
OURS = {
    "nvidia/cuda_runtime/include/cuda_bf16.h",
    "nvidia/cuda_runtime/include/cuda_bf16.hpp",
    "nvidia/cuda_runtime/include/cuda_runtime.h",
    "nvidia/cuda_runtime/include/cuda_device_runtime_api.h",
    "nvidia/cuda_cccl/include",
}
DRIVERS = ("libcuda.so*", "libcudadebugger*", "libnvidia-*", "libOpenCL.so.*nvidia*")


def attachment() -> str:
    text = (LICENCES / "License.txt").read_text(encoding="utf-8")
    start = text.index("2.6. Attachment A")
    return " ".join(text[start : text.index("2.7. Attachment B")].split())


def listed_name(file: str) -> str:
    return re.sub(r"(\.so)[.\d]+$", r"\1", Path(file).name)


def test_the_files_are_those_of_the_table() -> None:
    found = {
        path.relative_to(SITE).as_posix()
        for path in (SITE / "nvidia").rglob("*")
        if path.is_symlink() or path.is_file()
    }
    assert found - OURS == {*FILES}
    assert found >= OURS


def test_what_is_not_nvidias_wheels_is_empty_or_a_link_into_another_package() -> None:
    for name in OURS:
        path = SITE / name
        assert path.exists()
        if path.is_symlink():
            assert path.resolve().relative_to(SITE).parts[0] in ("cupy", "numba_cuda")
        else:
            assert path.read_text().startswith("/* Not NVIDIA's")


@pytest.mark.parametrize("name", COMPONENTS)
def test_attachment_a_lists_them(name: str) -> None:
    component, text = COMPONENTS[name], attachment()
    missing = [
        file
        for file in component["files"]
        if not re.search(rf"(?<![\w.-]){re.escape(listed_name(file))}(?![\w.-])", text)
    ]
    if component.get("published"):
        # The wheels' copy of the licence is of 2018 and knows none of them yet.
        assert missing == component["files"]
    else:
        assert missing == []
        assert f"Component {name} " in text


def test_every_wheel_has_the_same_licence_as_the_image() -> None:
    ours = (LICENCES / "License.txt").read_bytes()
    wheels = {one["wheel"] for one in COMPONENTS.values()}
    for wheel in wheels:
        (text,) = (file for file in distribution(wheel).files or () if file.name == "License.txt")
        assert Path(str(text.locate())).read_bytes() == ours, wheel


# "provided that the object code files are not modified in any way"
@pytest.mark.parametrize("wheel", sorted({one["wheel"] for one in COMPONENTS.values()}))
def test_no_file_is_changed(wheel: str) -> None:
    record = distribution(wheel).read_text("RECORD")
    assert record
    hashes = {row[0]: row[1] for row in csv.reader(record.splitlines())}
    mine = [name for one in COMPONENTS.values() if one["wheel"] == wheel for name in one["files"]]
    for name in mine:
        with (SITE / name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert hashes[name] == f"sha256={text}", name


def test_the_driver_is_the_hosts() -> None:
    tops = [Path("/opt"), Path("/usr"), Path("/etc"), Path("/home"), Path("/var")]
    assert [path for top in tops for name in DRIVERS for path in top.rglob(name)] == []
