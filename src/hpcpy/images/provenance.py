"""What a release is made of: a commit, the pins and the tools, as SLSA's provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.images.cached import git
from hpcpy.images.graph import Image
from hpcpy.images.plan import Plan
from hpcpy.images.sbom_pins import expected
from hpcpy.pins.tables import read_table
from hpcpy_common.errors import UsageError

_BUILD_TYPE = "urn:hpcpy:make:1"


def commit() -> str:
    """Return the commit of this checkout."""
    if not (paths.ROOT / ".git").exists():
        what = "make a release in a git clone: it names the commit"
        raise UsageError(f"{paths.ROOT}: git finds no commit", hint=what)
    changed = git("status", "--porcelain", "--untracked-files=all").splitlines()
    # Files that git is told not to look at: assume-unchanged, skip-worktree.
    changed += [line for line in git("ls-files", "-v").splitlines() if not line.startswith("H ")]
    if changed:
        first = changed[0].strip()
        raise UsageError(f"the checkout has changes ({first})", hint="commit or remove them first")
    return git("rev-parse", "HEAD").strip()


def statement(
    plan: Plan, image: Image, of: str, shipped: Iterable[Path], tools: Mapping[str, str]
) -> dict[str, Any]:
    """Return what `shipped` is, and what it was made of."""
    names = read_table(paths.ENV / "formats.toml").table("provenance")
    locks = [*sorted(paths.ENV.glob("*.lock")), *sorted(paths.ENV.glob("*.toml"))]
    materials = [
        {"name": "commit", "digest": {"gitCommit": of}},
        *hashed(locks, f"{paths.ENV.name}/{{}}"),
        *(
            {
                "name": f"{pin.name} {pin.version}",
                "uri": pin.url,
                "digest": {"sha256": pin.sha256},
                "annotations": {"kind": pin.kind, "use": pin.use, "licence": pin.licence},
            }
            for pin in expected(plan, image).pins
        ),
    ]
    return {
        "_type": names.text("statement"),
        "subject": hashed(shipped),
        "predicateType": names.text("predicate"),
        "predicate": {
            "buildDefinition": {
                "buildType": _BUILD_TYPE,
                "externalParameters": {"image": image.name, "architecture": plan.arch},
                "internalParameters": {"inputs": plan.archive_key(image), "epoch": plan.epoch},
                "resolvedDependencies": materials,
            },
            "runDetails": {"builder": {"id": _BUILD_TYPE, "version": dict(tools)}},
        },
    }


def hashed(files: Iterable[Path], named: str = "{}") -> list[dict[str, Any]]:
    """Return files by name and hash, as a statement has them."""
    return [{"name": named.format(path.name), "digest": {"sha256": sha256(path)}} for path in files]
