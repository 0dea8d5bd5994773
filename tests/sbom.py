"""The image's SBOM, as its tests read it."""

import json
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

DOCUMENT = json.loads(Path("/opt/hpcpy/share/hpcpy/sbom.spdx.json").read_text())
TEXTS = {one["licenseId"]: one for one in DOCUMENT["hasExtractedLicensingInfos"]}
# The words by which a file of the CUDA toolkit says whose licence it is under.
NOTICE = b"NOTICE TO LICENSEE"
SOURCES = {".h", ".hpp", ".cuh", ".c", ".cpp", ".cu", ".inl", ".py", ".pyi"}


def kind(package: dict[str, Any]) -> str:
    """Return what a package is: debian, source, wheel, brought, or image."""
    return str(package["SPDXID"].split("-")[1])


def packages(*kinds: str) -> dict[str, Any]:
    return {one["name"]: one for one in DOCUMENT["packages"] if kind(one) in kinds}


def relations(word: str) -> set[tuple[str, str]]:
    """Return pairs of names: a package, and the package to which it has this relation."""
    names = {one["SPDXID"]: one["name"] for one in DOCUMENT["packages"]}
    return {
        (names[one["spdxElementId"]], names[one["relatedSpdxElement"]])
        for one in DOCUMENT["relationships"]
        if one["relationshipType"] == word and one["spdxElementId"] in names
    }


def installed_by_dpkg() -> dict[str, str]:
    words = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def python_packages() -> dict[str, str]:
    return {re.sub(r"[-_.]+", "-", one.name).lower(): one.version for one in distributions()}


def noticed(top: Path) -> set[str]:
    """Return the source files below a folder that say they are under NVIDIA's licence."""
    return {
        str(path)
        for path in top.rglob("*")
        if path.suffix in SOURCES
        and path.is_file()
        and not path.is_symlink()
        and NOTICE in path.read_bytes()
    }


# NVIDIA's names of libraries of the toolkit and of the driver.
_LIBRARY = re.compile(
    r"lib(cu(da|blas|fft|rand|solver|sparse|pti|dnn)|nv|nccl)\w*[-.\w]*\.so[.\d]*"
)


def nvidia_libraries() -> set[str]:
    tops = [Path(one) for one in ("/opt", "/usr", "/etc", "/home", "/var")]
    return {
        str(path)
        for top in tops
        for path in top.rglob("*")
        if _LIBRARY.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    }
