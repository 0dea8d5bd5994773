"""NVIDIA's files are those that its licence lists, unchanged, in the SBOM, and load from here."""

import base64
import csv
import hashlib
import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from nvidia import BROUGHT, COMPONENTS, FILES, LIBRARIES, LICENCES, SITE

from running import printed, python
from sbom import (
    DOCUMENT,
    TEXTS,
    installed_by_dpkg,
    noticed,
    nvidia_libraries,
    packages,
    python_packages,
)

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


def test_the_files_are_those_of_the_table() -> None:
    every = (path for path in (SITE / "nvidia").rglob("*") if path.is_symlink() or path.is_file())
    found = {path.relative_to(SITE).as_posix() for path in every}
    assert found - OURS == {*FILES}
    assert found >= OURS
    # What is not of NVIDIA's wheels is empty or a link into another package.
    for name in OURS:
        path = SITE / name
        assert path.exists()
        if path.is_symlink():
            assert path.resolve().relative_to(SITE).parts[0] in ("cupy", "numba_cuda")
        else:
            assert path.read_text().startswith("/* Not NVIDIA's")


@pytest.mark.parametrize("name", COMPONENTS)
def test_attachment_a_lists_them(name: str) -> None:
    licence = (LICENCES / "License.txt").read_text(encoding="utf-8")
    start, end = (licence.index(f"2.{title}") for title in ("6. Attachment A", "7. Attachment B"))
    text, component, missing = " ".join(licence[start:end].split()), COMPONENTS[name], []
    for file in component["files"]:
        listed = re.escape(re.sub(r"(\.so)[.\d]+$", r"\1", Path(file).name))
        if not re.search(rf"(?<![\w.-]){listed}(?![\w.-])", text):
            missing.append(file)
    if component.get("published"):
        # The wheels' copy of the licence is of 2018 and knows none of them yet.
        assert missing == component["files"]
    else:
        assert missing == []
        assert f"Component {name} " in text


WHEELS = {one["wheel"] for one in COMPONENTS.values()}


# "provided that the object code files are not modified in any way"
@pytest.mark.parametrize("wheel", sorted(WHEELS))
def test_no_file_is_changed_and_the_licence_is_the_images(wheel: str) -> None:
    (text,) = (file for file in distribution(wheel).files or () if file.name == "License.txt")
    assert Path(str(text.locate())).read_bytes() == (LICENCES / "License.txt").read_bytes()
    record = distribution(wheel).read_text("RECORD")
    assert record
    hashes = {row[0]: row[1] for row in csv.reader(record.splitlines())}
    mine = [name for one in COMPONENTS.values() if one["wheel"] == wheel for name in one["files"]]
    for name in mine:
        with (SITE / name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
        seal = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert hashes[name] == f"sha256={seal}", name


def test_the_driver_is_the_hosts() -> None:
    tops = [Path("/opt"), Path("/usr"), Path("/etc"), Path("/home"), Path("/var")]
    assert [path for top in tops for name in DRIVERS for path in top.rglob(name)] == []


EULA = "LicenseRef-NVIDIA-CUDA-EULA"
NAMED: dict[str, Any] = {one["fileName"].removeprefix("."): one for one in DOCUMENT["files"]}


def test_it_names_the_packages_of_both_images() -> None:
    named = {name: one["versionInfo"] for name, one in packages("debian").items()}
    assert installed_by_dpkg().items() <= named.items()
    told = packages("wheel", "source", "brought")
    python = python_packages()
    assert {name: told[name]["versionInfo"] for name in python} == python
    assert {*packages("wheel", "brought")} == {*python} - {*packages("source")}


def test_the_files_that_it_names_are_those_of_the_table_and_their_wheels_metadata() -> None:
    files = {name for name in NAMED if ".dist-info/" not in name}
    assert files == {str(SITE / name) for name in (*FILES, *BROUGHT)}
    infos = {Path(name).relative_to(SITE).parts[0] for name in NAMED if name not in files}
    assert infos == {path.name for path in SITE.glob("nvidia_*.dist-info")}
    assert len(infos) == len(WHEELS)


def test_each_has_its_licence_and_the_hash_of_its_bytes() -> None:
    for name, one in NAMED.items():
        assert one["licenseConcluded"] == EULA, name
        with Path(name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        assert {"algorithm": "SHA256", "checksumValue": digest} in one["checksums"], name


def test_the_text_of_the_licence_is_in_it() -> None:
    assert TEXTS[EULA]["extractedText"].strip() == (LICENCES / "License.txt").read_text().strip()
    licences = {name: one["licenseDeclared"] for name, one in packages("wheel").items()}
    assert {name for name, one in licences.items() if one == EULA} == WHEELS
    assert {one for one in licences.values() if "nvidia" in one.lower()} == {EULA}


def test_no_file_of_nvidias_is_elsewhere() -> None:
    libraries = nvidia_libraries()
    assert libraries
    assert libraries <= NAMED.keys()
    headers = {name for name in NAMED if Path(name).suffix in (".h", ".hpp")}
    assert noticed(Path("/opt")) == headers


@pytest.mark.parametrize("name", LIBRARIES)
def test_it_is_found_where_cupy_and_numba_look(name: str) -> None:
    code = f"""
import json
from cuda import pathfinder
found = pathfinder.load_nvidia_dynamic_lib({name!r})
maps = {{line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}}
print(json.dumps([found.abs_path, sorted(maps)]))
"""
    shown = printed(python("-c", code))
    path, mapped = json.loads(shown)
    # Otherwise the loader would notice a missing name only when it is called.
    assert python("-c", f"import ctypes; ctypes.CDLL({path!r}, 2)", LD_BIND_NOW="1").returncode == 0
    assert path.startswith(f"{SITE}/nvidia/")
    assert path.endswith(f"/{LIBRARIES[name]}")
    # What it needs in turn is here, too.
    libraries = [one for one in mapped if "/libcu" in one or "/libnv" in one]
    assert path in libraries
    assert all(one.startswith(f"{SITE}/nvidia/") for one in libraries)


def test_versions_fit_each_other() -> None:
    done = python("-m", "pip", "--disable-pip-version-check", "check")
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n"), done.stdout
