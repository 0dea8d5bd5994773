"""``python3 -m hpcpy.sbom.image PINS OUT``: compare an image with its pins, write its SBOM."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path
from urllib.parse import quote

from hpcpy.sbom import contents, spdx
from hpcpy.sbom.contents import Contents, Expected, Pin, licence_texts, look, normal, read

# CPython's source brings it, and installs it with the interpreter.
_BROUGHT, _BROUGHT_BY = "pip", "python"
# A pin's use -> SPDX's relationship: of the image to it, or of it to the image.
_RELATIONS = {
    contents.INSTALLED: "CONTAINS",
    contents.CONTAINED: "CONTAINS",
    contents.LINKED: "STATIC_LINK",
    contents.READ: "BUILD_DEPENDENCY_OF",
    contents.USED: "DEPENDENCY_OF",
}


def sbom(expected: Expected, there: Contents) -> str:
    """Return the SPDX document of an image, or of pins alone."""
    wrong = "; ".join(differences(expected, there))
    if wrong:
        raise ValueError(wrong)
    texts = spdx.Texts()
    pins = sorted(expected.pins, key=lambda pin: (pin.kind, pin.name))
    purpose = "OTHER" if all(pin.use == contents.USED for pin in pins) else "CONTAINER"
    about = (expected.image, expected.version, expected.licence)
    packages = [spdx.package(spdx.IMAGE, *about, purpose=purpose, comment=expected.summary)]
    relations, within = [_relation(pin) for pin in pins], []
    listed: list[spdx.Element] = []
    for pin in pins:
        packages.append(_package(pin, there, texts))
        own = files(expected, there, pin, texts)
        listed += own
        archive = spdx.package_id(pin.kind, pin.name)
        within += [(element["SPDXID"], "EXPANDED_FROM_ARCHIVE", archive) for element in own]
    if element := _brought(expected, there, texts):
        packages.append(element)
        relations.append((spdx.package_id("source", _BROUGHT_BY), "CONTAINS", element["SPDXID"]))
    return spdx.document(expected, packages, listed, [*relations, *within], texts)


def _relation(pin: Pin) -> spdx.Relation:
    word, other = _RELATIONS[pin.use], spdx.package_id(pin.kind, pin.name)
    return (other, word, spdx.IMAGE) if word.endswith("_OF") else (spdx.IMAGE, word, other)


def _package(pin: Pin, there: Contents, texts: spdx.Texts) -> spdx.Element:
    dist = there.python.get(normal(pin.name)) if pin.kind != "debian" else None
    version = quote(pin.version)
    if pin.kind == "debian":
        licence = _debian_licence(pin, there, texts)
        purl = f"pkg:deb/debian/{quote(pin.name)}@{version}?distro=debian-{there.release}"
        # Debian lists known vulnerabilities by source package.
        source = there.sources.get(pin.name, "" if pin.name in there.debian else pin.source)
        if source not in ("", pin.name):
            purl += f"&upstream={quote(source, safe='')}"
    else:
        text = licence_texts(dist) if dist else ""
        licence = _licence(pin.name, pin.licence, text, texts)
        kind = "generic" if pin.kind == "source" and not dist else "pypi"
        purl = f"pkg:{kind}/{quote(normal(pin.name))}@{version}"
    known = {"url": pin.url, "sha256": pin.sha256, "purl": purl, "cpe": _cpe(pin)}
    identity = spdx.package_id(pin.kind, pin.name)
    return spdx.package(identity, pin.name, pin.version, licence, **known)


def _cpe(pin: Pin) -> str:
    # Debian mends a package without a new upstream version: by a CPE it would seem unfixed.
    if pin.kind == "debian":
        return ""
    vendor, product = (pin.cpe or f"{pin.name}:{pin.name}").lower().split(":")
    quoted = re.sub(r"([^\w.-])", r"\\\1", pin.version)
    return f"cpe:2.3:a:{vendor}:{product}:{quoted}:*:*:*:*:*:*:*"


def _licence(name: str, declared: str, text: str, texts: spdx.Texts) -> str:
    if spdx.is_expression(declared):
        return declared
    if is_nvidias(declared):
        return texts.reference(*_AGREEMENT, text or _AGREEMENT[1])
    reference = declared if declared.startswith(spdx.PREFIX) else name
    return texts.reference(reference, declared, text or f"{name} states its licence as: {declared}")


def _debian_licence(pin: Pin, there: Contents, texts: spdx.Texts) -> str:
    # Debian's copyright files name all licences of a source, for which SPDX has no
    # expression.  They have some 20 kB each, and the image has them as they are.
    path = there.copyright_of(pin.name)
    text = f"Debian's copyright file of {pin.name} names: {pin.licence}."
    if path:
        text += f" It is /{path} in the image."
    return texts.reference(f"Debian-{pin.name.replace('+', '.plus')}", pin.licence, text)


def _brought(expected: Expected, there: Contents, texts: spdx.Texts) -> spdx.Element | None:
    dist = there.python.get(_BROUGHT)
    if dist is None or ("wheel", _BROUGHT) in {(pin.kind, pin.name) for pin in expected.pins}:
        return None
    fields = dist.metadata
    declared = " ".join(fields.get_all("License-Expression") or fields.get_all("License") or ())
    licence = _licence(_BROUGHT, declared, licence_texts(dist), texts)
    comment = f"comes with the source of {_BROUGHT_BY}"
    known = {"purl": f"pkg:pypi/{_BROUGHT}@{quote(dist.version)}", "comment": comment}
    identity = spdx.package_id("brought", _BROUGHT)
    return spdx.package(identity, _BROUGHT, dist.version, licence, **known)


def differences(expected: Expected, there: Contents) -> Iterator[str]:
    """Yield a line for each difference between an image and its pins."""
    installed = [pin for pin in expected.pins if pin.use == contents.INSTALLED]
    debian = {pin.name: pin.version for pin in installed if pin.kind == "debian"}
    yield from _compared("Debian package", debian, there.debian)
    for pin in expected.pins:
        unpacked = pin.kind == "debian" and _RELATIONS[pin.use] == "CONTAINS"
        if unpacked and there.copyright_of(pin.name) is None:
            yield f"the licences of the Debian package {pin.name} are not in the image"
    python = {name: dist.version for name, dist in there.python.items()}
    packages = {normal(pin.name): pin.version for pin in installed if pin.kind == "wheel"}
    # A source counts as a Python package if the image has one of that name.
    for pin in expected.pins:
        if pin.kind == "source" and normal(pin.name) in python:
            packages[normal(pin.name)] = pin.version
    if _BROUGHT in python and _BROUGHT_BY in {pin.name for pin in expected.pins}:
        packages.setdefault(_BROUGHT, "")
    yield from _compared("Python package", packages, python)


def _compared(kind: str, pinned: dict[str, str], there: dict[str, str]) -> Iterator[str]:
    for name in sorted(pinned.keys() | there.keys()):
        if name not in there:
            yield f"the {kind} {name} is pinned and not in the image"
        elif name not in pinned:
            yield f"the {kind} {name} is in the image and not pinned"
        elif pinned[name] not in ("", there[name]):
            yield f"the {kind} {name} is {there[name]} in the image and {pinned[name]} in its pin"


# Where recipes/cuda_libraries.sh puts the licence of NVIDIA's wheels.
_LICENCE = Path("opt/hpcpy/share/licenses/nvidia-cuda/License.txt")
# Its name and title in the document; all its wheels bring the same text.
_AGREEMENT = ("NVIDIA-CUDA-EULA", "End User License Agreement of NVIDIA's CUDA Toolkit")
_BLOCK = 1 << 20


def is_nvidias(licence: str) -> bool:
    """Tell whether a licence is NVIDIA's own, which lets only some files be redistributed."""
    return "nvidia" in licence.lower()


def files(expected: Expected, there: Contents, pin: Pin, texts: spdx.Texts) -> list[spdx.Element]:
    """Return the files of a Python package that are under NVIDIA's licence."""
    dist = there.python.get(normal(pin.name))
    if pin.kind == "debian" or not dist:
        return []
    if is_nvidias(pin.licence):
        permitted = {str(path): _why(expected, path, dist) for path in dist.files or ()}
    else:
        why = f"brought by {pin.name}: its own notice names NVIDIA's licence, which lists it"
        permitted = dict.fromkeys(expected.brought.get(pin.name, ()), why)
    return sorted(_files_of(there, dist, permitted, texts), key=lambda element: element["fileName"])


def _why(expected: Expected, path: PackagePath, dist: Distribution) -> str:
    if path.parts[0].endswith(".dist-info"):
        return "of the wheel's own metadata"
    if str(path) not in expected.listed:
        raise ValueError(f"{dist.name}: {path} is not in env/cuda.toml: may it be handed on?")
    return expected.listed[str(path)]


def _files_of(
    there: Contents, dist: Distribution, permitted: dict[str, str], texts: spdx.Texts
) -> Iterator[spdx.Element]:
    for name, why in permitted.items():
        path = Path(str(dist.locate_file(name)))
        if not path.is_file():
            raise ValueError(f"{dist.name}: {name} is not in the image")
        within = path.relative_to(there.root).as_posix()
        yield spdx.file(within, _hashes(path), _terms(there, dist, texts), why)


def _terms(there: Contents, dist: Distribution, texts: spdx.Texts) -> str:
    path = there.root / _LICENCE
    if path.exists():
        return texts.reference(*_AGREEMENT, path.read_text(errors="replace"))
    # An image such as hpcpy has no wheel of NVIDIA's, only a notice of the package (numba).
    title = f"NVIDIA's licence, as {dist.name} describes it"
    return texts.reference(f"NVIDIA-by-{dist.name}", title, licence_texts(dist))


def _hashes(path: Path) -> tuple[str, str]:
    # Both in one pass: there are 2.4 GB.  SPDX requires SHA-1, too.
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha1.update(block)
            sha256.update(block)
    return sha1.hexdigest(), sha256.hexdigest()


def main(arguments: list[str]) -> int:
    """Write the SBOM of the image that this runs in."""
    pins, out = map(Path, arguments)
    try:
        text = sbom(read(pins.read_text()), look(Path("/"), distributions()))
    except ValueError as error:
        print(f"SBOM: {error}", file=sys.stderr)
        return 65
    out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
