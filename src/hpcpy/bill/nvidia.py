"""NVIDIA's own files, one by one: none but those that may be handed on."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from hpcpy.bill.contents import Contents, normal
from hpcpy.bill.licences import Texts
from hpcpy.bill.spdx import File

# What recipes/cuda leaves in the image: env/cuda.toml, and the wheels' licence.
_FOLDER = Path("opt/hpcpy/share/licenses/nvidia-cuda")
_NAME, _TITLE = "NVIDIA-CUDA-EULA", "End User License Agreement of NVIDIA's CUDA Toolkit"
_BLOCK = 1 << 20


def is_nvidias(licence: str) -> bool:
    """Tell whether a licence is NVIDIA's own, under which not all may be handed on."""
    return "nvidia" in licence.lower()


def agreement(text: str, texts: Texts) -> str:
    """Return how the document calls NVIDIA's licence; all of its wheels bring one text."""
    return texts.reference(_NAME, _TITLE, text)


def files(there: Contents, found: Distribution, licence: str, texts: Texts) -> list[File]:
    """Return the files of a distribution that are under NVIDIA's licence.

    Parameters
    ----------
    there
        The image.
    found
        The distribution.
    licence
        Its own, by its pin: all files are NVIDIA's, or a few that it brings.
    texts
        Where NVIDIA's is kept.

    Raises
    ------
    ValueError
        When a file is not there, or nothing says that it may be handed on.
    """
    path = there.root / _FOLDER / "files.toml"
    table = tomllib.loads(path.read_text()) if path.exists() else {}
    if is_nvidias(licence):
        permitted = {str(file): _why(table, file, found) for file in found.files or ()}
    else:
        of_others = table.get("brought", {}).get(normal(found.name), {}).get("files", [])
        why = f"brought by {found.name}, its own notice names NVIDIA's licence, which lists it"
        permitted = dict.fromkeys(of_others, why)
    return sorted(_told(there, found, permitted, texts), key=lambda one: one.path)


def _why(table: dict[str, Any], file: Any, found: Distribution) -> str:
    if file.parts[0].endswith(".dist-info"):
        return "of the wheel's own metadata"
    for name, component in table.get("components", {}).items():
        if str(file) in component["files"]:
            where = "as NVIDIA publishes it" if component.get("published") else "as it is here"
            return f"{name}, which Attachment A of NVIDIA's licence lists, {where}"
    raise ValueError(f"{found.name}: {file} is not in env/cuda.toml: may it be handed on?")


def _told(
    there: Contents, found: Distribution, permitted: dict[str, str], texts: Texts
) -> Iterator[File]:
    for name, why in permitted.items():
        path = Path(str(found.locate_file(name)))
        if not path.is_file():
            raise ValueError(f"{found.name}: {name} is not in the image")
        text = (there.root / _FOLDER / "License.txt").read_text(errors="replace")
        within = path.relative_to(there.root).as_posix()
        yield File(within, *_hashes(path), agreement(text, texts), why)


def _hashes(path: Path) -> tuple[str, str]:
    # Both of one reading: there are 2.4 GB.  SPDX wants the older one, too.
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha1.update(block)
            sha256.update(block)
    return sha1.hexdigest(), sha256.hexdigest()
