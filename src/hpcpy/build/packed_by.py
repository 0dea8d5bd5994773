"""Which versions of the tools packed an image: the same files, other bytes.

A SIF has no version of Apptainer, so its stamp has it, and the provenance of a release.
buildah's is a label of the image. mksquashfs is a pin.
"""

from __future__ import annotations

import contextlib
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcpy.build.archive import BUILDAHS_LABEL, settings_of
from hpcpy.build.stamps import read_stamp
from hpcpy.core.errors import IntegrityError
from hpcpy.core.files import MIB, read_at_most

PROVENANCE = "provenance.json"
SIF_TOOLS = ("apptainer",)
# A version that is safe to print: anybody may have written the file.
_VERSION = re.compile(r"[\w.+~()-][\w.+~() -]{0,40}")
_MOST = 16 * MIB


def packed_by(image: Path) -> dict[str, str]:
    """Return the versions of the tools that packed an image, as far as they are recorded.

    An OCI archive says it itself; of a SIF a stamp, or the provenance of a release beside it.
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
