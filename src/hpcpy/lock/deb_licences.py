"""The licences that a Debian package states, read from the package itself."""

from __future__ import annotations

import io
import posixpath
import re
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

_DOC = "usr/share/doc"


def licences(packages: Mapping[str, Path]) -> dict[str, str]:
    """Return each package's licences, as its copyright file names them.

    Parameters
    ----------
    packages
        Package name to its .deb.  The documentation of one is often a link
        to that of another, which must be among them.

    Returns
    -------
    dict
        Package name to Debian's short names, separated by commas, or "see
        copyright" where the file is free text without any.
    """
    texts: dict[str, str] = {}
    links: dict[str, str] = {}
    for name, deb in packages.items():
        text, link = _copyright(name, deb)
        if text is not None:
            texts[name] = text
        elif link is not None:
            links[name] = link
    for name in packages:
        target, seen = name, {name}
        while target not in texts and links.get(target, name) not in seen:
            target = links[target]
            seen.add(target)
        texts.setdefault(name, texts.get(target, ""))
    return {name: summary(texts[name]) for name in packages}


def summary(text: str) -> str:
    """Return the short names of the licences in a copyright file."""
    if re.match(r"(?i)\s*format:", text):
        found = re.findall(r"(?im)^license:[ \t]*(\S.*?)[ \t]*$", text)
    else:
        # Free text at least names the common licences it refers to.
        found = [
            name.rstrip(".")
            for name in re.findall(r"/usr/share/common-licenses/([A-Za-z][\w.+-]*)", text)
        ]
    return ", ".join(dict.fromkeys(found)) or "see copyright"


def _copyright(name: str, deb: Path) -> tuple[str | None, str | None]:
    """Return the text of the copyright file, or the package that has it."""
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for member in archive:
            path = posixpath.normpath(member.name)
            if path == f"{_DOC}/{name}" and member.issym():
                return None, posixpath.basename(member.linkname)
            if path != f"{_DOC}/{name}/copyright":
                continue
            if member.issym():
                target = posixpath.normpath(posixpath.join(_DOC, name, member.linkname))
                return None, posixpath.basename(posixpath.dirname(target))
            stream = archive.extractfile(member)
            if stream is not None:
                return stream.read().decode("utf-8", "replace"), None
    return None, None
