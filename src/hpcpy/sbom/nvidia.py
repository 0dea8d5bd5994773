"""Check NVIDIA's own files one by one: only those that may be redistributed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath
from pathlib import Path

from hpcpy.sbom.contents import Contents, licence_texts, normal
from hpcpy.sbom.pins import Expected, Pin
from hpcpy.sbom.spdx import Element, Texts, file

# Where recipes/cuda_libraries.sh puts the licence of NVIDIA's wheels.
_LICENCE = Path("opt/hpcpy/share/licenses/nvidia-cuda/License.txt")
_NAME, _TITLE = "NVIDIA-CUDA-EULA", "End User License Agreement of NVIDIA's CUDA Toolkit"
_BLOCK = 1 << 20


def is_nvidias(licence: str) -> bool:
    """Tell whether a licence is NVIDIA's own, which lets only some files be redistributed."""
    return "nvidia" in licence.lower()


def agreement(text: str, texts: Texts) -> str:
    """Return the document's name for NVIDIA's licence; all its wheels bring the same text."""
    return texts.reference(_NAME, _TITLE, text)


def files(expected: Expected, there: Contents, pin: Pin, texts: Texts) -> list[Element]:
    """Return the files of a Python package that are under NVIDIA's licence."""
    found = there.python.get(normal(pin.name))
    if pin.kind == "debian" or not found:
        return []
    if is_nvidias(pin.licence):
        permitted = {str(path): _why(expected, path, found) for path in found.files or ()}
    else:
        why = f"brought by {pin.name}: its own notice names NVIDIA's licence, which lists it"
        permitted = dict.fromkeys(expected.brought.get(pin.name, ()), why)
    return sorted(_files_of(there, found, permitted, texts), key=lambda one: one["fileName"])


def _why(expected: Expected, path: PackagePath, found: Distribution) -> str:
    if path.parts[0].endswith(".dist-info"):
        return "of the wheel's own metadata"
    if str(path) not in expected.listed:
        raise ValueError(f"{found.name}: {path} is not in env/cuda.toml: may it be handed on?")
    return expected.listed[str(path)]


def _files_of(
    there: Contents, found: Distribution, permitted: dict[str, str], texts: Texts
) -> Iterator[Element]:
    for name, why in permitted.items():
        path = Path(str(found.locate_file(name)))
        if not path.is_file():
            raise ValueError(f"{found.name}: {name} is not in the image")
        within = path.relative_to(there.root).as_posix()
        yield file(within, _hashes(path), _terms(there, found, texts), why)


def _terms(there: Contents, found: Distribution, texts: Texts) -> str:
    path = there.root / _LICENCE
    if path.exists():
        return agreement(path.read_text(errors="replace"), texts)
    # An image such as hpcpy has no wheel of NVIDIA's, only a notice of the package (numba).
    title = f"NVIDIA's licence, as {found.name} describes it"
    return texts.reference(f"NVIDIA-by-{found.name}", title, licence_texts(found))


def _hashes(path: Path) -> tuple[str, str]:
    # Both in one pass: there are 2.4 GB.  SPDX requires SHA-1, too.
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha1.update(block)
            sha256.update(block)
    return sha1.hexdigest(), sha256.hexdigest()
