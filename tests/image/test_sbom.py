"""The SBOM names all that is in the image, and nothing that is not."""

import re
import sysconfig
from pathlib import Path

from needed import lacking

from sbom import (
    DOCUMENT,
    TEXTS,
    installed_by_dpkg,
    kind,
    noticed,
    nvidia_libraries,
    packages,
    python_packages,
    relations,
)

LICENCES = Path("/opt/hpcpy/share/licenses")
LIBRARY = Path(sysconfig.get_path("stdlib"))
# Of what is neither a Python package nor in a folder of its own name there.
ELSEWHERE = {
    "lapack": LICENCES / "openblas",
    "mpich": Path("/opt/mpich/share/licenses"),
    "python": LIBRARY,
}
LICENCE = re.compile(r"(licen[cs]e|copying|mpich).*", re.IGNORECASE)


def licence_files(source: str) -> list[Path]:
    infos = [*LIBRARY.glob(f"site-packages/{source.replace('-', '_')}-*.dist-info/**/")]
    folders = infos or [ELSEWHERE.get(source, LICENCES / source)]
    return [
        path
        for folder in folders
        for path in folder.iterdir()
        if path.is_file() and LICENCE.fullmatch(path.name)
    ]


def test_what_dpkg_has_installed_is_in_it() -> None:
    named = {name: one["versionInfo"] for name, one in packages("debian").items()}
    assert installed_by_dpkg().items() <= named.items()


def test_the_other_debian_packages_are_unpacked_or_linked() -> None:
    more = packages("debian").keys() - installed_by_dpkg().keys()
    linked = {one for _, one in relations("STATIC_LINK")} & more
    # PMIx's headers and its library's name are in one package.
    assert linked == {one for one in more if one.endswith("-dev")} - {"libpmix-dev"}
    opencl = set() if lacking("pyopencl") else {"libpocl2t64", "libllvm18"}
    assert opencl | {"libpmix2t64"} <= more - linked
    assert {"libopenblas-pthread-dev", "libhdf5-mpich-dev", "libssl-dev"} <= linked
    # What gcc adds to any program may be given away without its licence.
    of_compiler = {one for one in linked if re.fullmatch(r"lib(c6|[a-z+]+-\d+)-dev", one)}
    with_licences = {path.parent.name for path in Path("/usr/share/doc").glob("*/copyright")}
    assert with_licences - {*installed_by_dpkg()} == more - of_compiler


def test_it_has_each_python_package_once_and_no_other() -> None:
    wheels, sources = packages("wheel", "brought"), packages("source")
    there = python_packages()
    assert {*wheels} == {*there} - {*sources}
    named = {name: one["versionInfo"] for name, one in {**wheels, **sources}.items()}
    assert {name: named[name] for name in there} == there


def test_each_but_the_image_itself_says_where_it_is_from_and_its_hash() -> None:
    for one in DOCUMENT["packages"]:
        if kind(one) not in ("image", "brought"):
            assert one["downloadLocation"].startswith("https://"), one["name"]
            assert [each["algorithm"] for each in one["checksums"]] == ["SHA256"], one["name"]
        assert one["versionInfo"], one["name"]
        assert one["licenseDeclared"] not in ("", "NOASSERTION"), one["name"]


def test_the_licence_texts_of_what_is_compiled_here_are_in_the_image() -> None:
    read = {one for one, _ in relations("BUILD_DEPENDENCY_OF")}
    for name in packages("source"):
        if name in read:
            assert not (LICENCES / name).exists(), name
        else:
            assert any(path.stat().st_size > 400 for path in licence_files(name)), name


def test_of_the_cuda_toolkit_it_has_the_two_headers_that_numba_brings() -> None:
    named = {one["fileName"].removeprefix("."): one for one in DOCUMENT["files"]}
    folder = LIBRARY / "site-packages/numba/cuda"
    assert {*named} == {f"{folder}/cuda_fp16.h", f"{folder}/cuda_fp16.hpp"}
    assert noticed(Path("/opt")) == {*named}
    for one in named.values():
        text = TEXTS[one["licenseConcluded"]]["extractedText"]
        assert "CUDA Half Precision Headers" in text
        assert "the NVIDIA Software License" in text


def test_no_library_of_nvidias_is_in_hpcpy() -> None:
    assert nvidia_libraries() == set()
