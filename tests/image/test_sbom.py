"""The SBOM names all that is in the image, and nothing that is not."""

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from importlib.metadata import distributions, packages_distributions
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
    **dict.fromkeys(("hwloc", "json-c", "libfabric", "mpich"), Path("/opt/mpich/share/licenses")),
    **dict.fromkeys(("python", "python-branch"), LIBRARY),
    "mpdecimal": LICENCES / "python",
}
LICENCE = re.compile(r"(licen[cs]e|copying|hwloc|json-c|libfabric|mpich).*", re.IGNORECASE)


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


def test_of_mpi_it_has_more_than_headers_and_what_comes_with_its_source() -> None:
    contained = {one for _, one in relations("CONTAINS")}
    assert {"hwloc", "json-c", "libfabric", "mpich"} <= contained


def test_no_library_of_nvidias_is_in_hpcpy() -> None:
    assert nvidia_libraries() == set()


TOPS = ("/etc", "/home", "/opt", "/usr", "/var")
COMPONENTS = {**packages("debian", "source", "wheel", "brought")}
(OWN,) = packages("image")
# What neither dpkg nor a wheel lists: the parts' own, and Debian packages that parts unpack.
MULTIARCH = sysconfig.get_config_var("MULTIARCH")
LIBRARIES = f"/usr/lib/{MULTIARCH}"
BINUTILS = f"binutils-{MULTIARCH.replace('_', '-')}"
PLACES = {
    "/opt/hpcpy/bin/python3.*": "python",
    "/opt/hpcpy/lib/python3.*/config-*/python.o": "python",
    "/opt/hpcpy/lib/python3.*/lib-dynload/*.so": "python",
    "/opt/hpcpy/lib/hpcpy/libopenblas-hpcpy.so": "libopenblas-pthread-dev",
    # Stand for HDF5 where packages look for it; the interpreter has it.
    "/opt/hpcpy/lib/python3.*/site-packages/h5py/libhdf5*.so*": OWN,
    "/opt/hpcpy/lib/python3.*/site-packages/workloads/*.so": OWN,
    "/opt/mpich/*": "mpich",
    "/usr/bin/ld": BINUTILS,
    "/usr/bin/strace": "strace",
    f"{LIBRARIES}/libLLVM-18.so.*": "libllvm18",
    f"{LIBRARIES}/libatomic.so.*": "libatomic1",
    f"{LIBRARIES}/libbfd-*": "libbinutils",
    f"{LIBRARIES}/bfd-plugins/*": BINUTILS,
    f"{LIBRARIES}/libclang-cpp.so.*": "libclang-cpp18",
    f"{LIBRARIES}/libctf-nobfd.so.*": "libctf-nobfd0",
    f"{LIBRARIES}/libctf.so.*": "libctf0",
    f"{LIBRARIES}/libevent_core-*": "libevent-core-2.1-7t64",
    f"{LIBRARIES}/libevent_pthreads-*": "libevent-pthreads-2.1-7t64",
    f"{LIBRARIES}/libexpat.so.*": "libexpat1",
    f"{LIBRARIES}/libfabric.so.*": "libfabric",
    f"{LIBRARIES}/libglib-*": "libglib2.0-0t64",
    f"{LIBRARIES}/libgobject-*": "libglib2.0-0t64",
    f"{LIBRARIES}/libgthread-*": "libglib2.0-0t64",
    f"{LIBRARIES}/libhwloc.so.*": "libhwloc15",
    f"{LIBRARIES}/libjansson.so.*": "libjansson4",
    f"{LIBRARIES}/libmunge.so.*": "libmunge2",
    f"{LIBRARIES}/libopcodes-*": "libbinutils",
    f"{LIBRARIES}/libpocl.so.*": "libpocl2t64",
    f"{LIBRARIES}/libsframe.so.*": "libsframe1",
    f"{LIBRARIES}/libunwind*": "libunwind8",
    f"{LIBRARIES}/libxml2.so.*": "libxml2",
    f"{LIBRARIES}/libz3.so.*": "libz3-4",
    f"{LIBRARIES}/pmix2/lib/*": "libpmix2t64",
    f"{LIBRARIES}/pocl/*": "libpocl2t64",
    "/usr/lib/jvm/*": "openjdk-21-jre-headless",
}
# Modules of the library's folder that CPython does not call its library.
OF_CPYTHON = {"__hello__", "__phello__", f"_sysconfigdata__linux_{MULTIARCH}"}
OWN_MODULES = re.compile(r"_?hpcpy(_\w+)?|workloads|sitecustomize")
# What modules of CPython are made with beside CPython.
LINKED = {
    "_bz2": "libbz2-dev",
    "_ctypes": "libffi",
    "_curses": "libncurses-dev",
    "_hashlib": "libssl-dev",
    "_lzma": "liblzma-dev",
    "_sqlite3": "libsqlite3-dev",
    "_ssl": "libssl-dev",
    "_uuid": "uuid-dev",
    "_zstd": "libzstd-dev",
    "pyexpat": "libexpat1-dev",
    "readline": "libedit-dev",
    "zlib": "zlib1g-dev",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def elf_objects() -> Iterator[str]:
    for top in TOPS:
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as stream:
                        if stream.read(4) == b"\x7fELF":
                            yield str(path)


def listed_files() -> dict[str, str]:
    found: dict[str, str] = {}
    for listing in Path("/var/lib/dpkg/info").glob("*.list"):
        package = listing.stem.partition(":")[0]
        # /lib is a link by now, and the lists still have it.
        found |= {os.path.realpath(line): package for line in listing.read_text().splitlines()}
    for one in distributions():
        files = (os.path.realpath(str(file.locate())) for file in one.files or ())
        found |= dict.fromkeys(files, normal(one.name))
    return found


def without(owners: Mapping[str, str | None], known: Iterable[str]) -> dict[str, str | None]:
    names = {*known}
    return {what: owner for what, owner in owners.items() if owner not in names}


def test_every_elf_object_belongs_to_a_component() -> None:
    listed = listed_files()
    owners = {
        path: listed.get(path)
        or next((owner for place, owner in PLACES.items() if fnmatch(path, place)), None)
        for path in elf_objects()
    }
    assert len(owners) > 100
    assert without(owners, [*COMPONENTS, OWN]) == {}


def owner_of(module: str, distributions_: Mapping[str, list[str]]) -> str | None:
    top = module.partition(".")[0]
    if top in distributions_:
        return normal(distributions_[top][0])
    if top in sys.stdlib_module_names or top in OF_CPYTHON:
        return "python"
    return OWN if OWN_MODULES.fullmatch(top) else None


def test_every_built_in_module_belongs_to_a_component() -> None:
    known = packages_distributions()
    owners = {name: owner_of(name, known) for name in sys.builtin_module_names}
    assert len(owners) > 100
    assert without(owners, [*COMPONENTS, OWN]) == {}
    assert {*owners.values()} > {"python", "numpy", "h5py"}


def test_what_a_module_of_cpython_is_linked_with_is_a_component() -> None:
    ids = {one["name"]: one["SPDXID"] for one in DOCUMENT["packages"]}
    linked = {
        one["relatedSpdxElement"]
        for one in DOCUMENT["relationships"]
        if one["relationshipType"] == "STATIC_LINK"
    }
    there = LINKED.keys() & {*sys.builtin_module_names}
    assert [module for module in there if ids[LINKED[module]] not in linked] == []
