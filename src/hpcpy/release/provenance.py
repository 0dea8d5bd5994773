"""Where an image comes from: an in-toto statement with a SLSA provenance, version 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hpcpy.build.graph import Image
from hpcpy.build.plan import Plan
from hpcpy.build.sbom_pins import expected
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import sha256
from hpcpy.core.git import git
from hpcpy.core.paths import project_version
from hpcpy.pins.tables import read_table

_BUILD_TYPE = "urn:hpcpy:make:1"


def commit() -> str:
    """Return the commit of this checkout."""
    if changed := _git("status", "--porcelain"):
        first = changed.splitlines()[0].strip()
        raise UsageError(f"the checkout has changes ({first})", hint="commit or remove them first")
    return _git("rev-parse", "HEAD").strip()


def _git(*words: str) -> str:
    try:
        return git(*words)
    except UnavailableError as error:
        raise UsageError(
            f"{paths.ROOT}: git finds no commit",
            hint="make a release in a git clone: it names the commit",
        ) from error


def statement(
    plan: Plan, image: Image, of: str, made: Iterable[Path], tools: Mapping[str, str]
) -> dict[str, Any]:
    """Return what `made` is, and what it was made of."""
    names = read_table(paths.ENV / "formats.toml").table("provenance")
    pins = expected(plan, image, project_version()).pins
    locks = [*sorted(paths.ENV.glob("*.lock")), *sorted(paths.ENV.glob("*.toml"))]
    materials = [
        {"name": "commit", "digest": {"gitCommit": of}},
        *(
            {"name": f"{paths.ENV.name}/{path.name}", "digest": {"sha256": sha256(path)}}
            for path in locks
        ),
        *(
            {
                "name": f"{pin.name} {pin.version}",
                "uri": pin.url,
                "digest": {"sha256": pin.sha256},
                "annotations": {"kind": pin.kind, "use": pin.use, "licence": pin.licence},
            }
            for pin in pins
        ),
    ]
    return {
        "_type": names.text("statement"),
        "subject": [{"name": path.name, "digest": {"sha256": sha256(path)}} for path in made],
        "predicateType": names.text("predicate"),
        "predicate": {
            "buildDefinition": {
                "buildType": _BUILD_TYPE,
                "externalParameters": {"image": image.name, "architecture": plan.arch},
                "internalParameters": {"inputs": plan.image_key(image), "epoch": plan.epoch},
                "resolvedDependencies": materials,
            },
            "runDetails": {"builder": {"id": _BUILD_TYPE, "version": dict(tools)}},
        },
    }
