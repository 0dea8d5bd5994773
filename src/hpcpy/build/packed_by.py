"""Which versions of the tools packed an image: the same files, other bytes.

Apptainer and mksquashfs leave no version in a SIF, so its stamp has them, and the
provenance of a release. buildah's is a label of the image.
"""

from __future__ import annotations

import contextlib
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcpy.build.contents import BUILDAHS_LABEL, settings_of
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import TOOLS
from hpcpy.errors import IntegrityError
from hpcpy.files import MIB, read_at_most

PROVENANCE = "provenance.json"
SIF_TOOLS = ("apptainer", "mksquashfs")
# A version that is safe to print: anybody may have written the file.
_VERSION = re.compile(r"[\w.+~()-][\w.+~() -]{0,40}")
_MOST = 16 * MIB


def present_tools() -> dict[str, str]:
    """Return the versions of what packs a SIF here, of those that are there."""
    found = look_up([tool for tool in TOOLS if tool.program in SIF_TOOLS])
    return {name: str(found[name].version) for name in SIF_TOOLS if name in found}


def packed_by(image: Path) -> dict[str, str]:
    """Return the versions of the tools that packed an image, as far as they are recorded.

    Parameters
    ----------
    image
        An OCI archive, which says it itself; or a SIF, with a stamp or the provenance of a
        release beside it.
    """
    if tarfile.is_tarfile(image):
        labels: object = None
        with contextlib.suppress(IntegrityError):
            labels = settings_of(image).get("Labels")
        return _texts({"buildah": labels.get(BUILDAHS_LABEL)}) if isinstance(labels, dict) else {}
    stamp = read_stamp(image)
    known = stamp if stamp else _of_provenance(image.with_name(PROVENANCE))
    return _texts({name: known.get(name) for name in SIF_TOOLS})


def in_words(tools: Mapping[str, str]) -> str:
    """Return tools and versions for people.

    Examples
    --------
    >>> in_words({"buildah": "1.28.2"})
    'buildah 1.28.2'
    >>> in_words({})
    'unknown versions'
    """
    return ", ".join(f"{name} {version}" for name, version in tools.items()) or "unknown versions"


def _of_provenance(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            said = json.loads(read_at_most(stream, _MOST))
        version = said["predicate"]["runDetails"]["builder"]["version"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return version if isinstance(version, dict) else {}


def _texts(versions: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: version
        for name, version in versions.items()
        if isinstance(version, str) and _VERSION.fullmatch(version)
    }
