"""Which known vulnerabilities an image's patches have fixed, as OpenVEX, for scanners.

A scanner matches a component by its version, which a patch does not change.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.pins.tables import read_table

if TYPE_CHECKING:
    from hpcpy.images.graph import Image
    from hpcpy.images.plan import Plan

_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b")


def fixed(plan: Plan, image: Image) -> Iterator[tuple[str, str, str]]:
    """Give each vulnerability, the purl of what had it, and what has fixed it.

    A patch names those that it fixes above its first file; a source of `env/sources.toml` that
    is itself a patch, by `fixes`.
    """
    if image.base:
        yield from fixed(plan, plan.graph.image(image.base))
    for part in plan.graph.built(image) if image.parts else ():
        sources = plan.sources_of(part)
        if not sources:
            continue
        purl = f"pkg:generic/{sources[0].name}@{sources[0].version}"
        for source in sources:
            for name in source.fixes:
                yield name, purl, f"{source.name} {source.version}"
        for path in part.files:
            if path.suffix == ".patch":
                head = path.read_text().partition("\n--- ")[0]
                for name in _CVE.findall(head):
                    yield name, purl, path.relative_to(paths.ROOT).as_posix()


def vex(plan: Plan, image: Image) -> str:
    """Return the OpenVEX document of an image."""
    statements = [
        {
            "vulnerability": {"name": name},
            "products": [{"@id": purl}],
            "status": "fixed",
            "status_notes": f"fixed by {how}",
        }
        for name, purl, how in sorted(set(fixed(plan, image)))
    ]
    names = read_table(paths.ENV / "formats.toml").table("vex")
    when = datetime.datetime.fromtimestamp(plan.epoch, datetime.UTC)
    digest = hashlib.sha256(json.dumps(statements).encode()).hexdigest()
    document = {
        "@context": names.text("context"),
        "@id": names.text("identity") + digest,
        "author": f"hpcpy {project_version()}",
        "timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "version": 1,
        "statements": statements,
    }
    return json.dumps(document, indent=1) + "\n"
