"""``hpcpy release [IMAGE] [--key KEY]``: all that a centre needs of an image, in one folder."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors, place, places_named, scratch_dir, sha256, write_whole
from hpcpy.core.paths import project_version
from hpcpy.core.programs import captured
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.images.arguments import add_image
from hpcpy.images.cached import git, read_stamp
from hpcpy.images.command import ensure_image
from hpcpy.images.graph import Image
from hpcpy.images.outputs import STANDALONE, archive_path
from hpcpy.images.plan import Plan
from hpcpy.images.sbom_file import sbom_of
from hpcpy.images.sbom_pins import expected
from hpcpy.pins.tables import read_table

_BUILD_TYPE = "urn:hpcpy:make:1"


def commit() -> str:
    """Return the commit of this checkout."""
    if not (paths.ROOT / ".git").exists():
        what = "make a release in a git clone: it names the commit"
        raise UsageError(f"{paths.ROOT}: git finds no commit", hint=what)
    if changed := git("status", "--porcelain"):
        first = changed.splitlines()[0].strip()
        raise UsageError(f"the checkout has changes ({first})", hint="commit or remove them first")
    return git("rev-parse", "HEAD").strip()


def statement(
    plan: Plan, image: Image, of: str, shipped: Iterable[Path], tools: Mapping[str, str]
) -> dict[str, Any]:
    """Return what `shipped` is, and what it was made of."""
    names = read_table(paths.ENV / "formats.toml").table("provenance")
    pins = expected(plan, image).pins
    locks = [*sorted(paths.ENV.glob("*.lock")), *sorted(paths.ENV.glob("*.toml"))]
    materials = [
        {"name": "commit", "digest": {"gitCommit": of}},
        *_hashed(locks, f"{paths.ENV.name}/{{}}"),
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
        "subject": _hashed(shipped),
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


def _hashed(files: Iterable[Path], named: str = "{}") -> list[dict[str, Any]]:
    return [{"name": named.format(path.name), "digest": {"sha256": sha256(path)}} for path in files]


SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"
_MAKES_ONE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"


def write_sums(folder: Path) -> None:
    """Write the hashes of all other files of a folder, as sha256sum(1) checks them."""
    names = sorted({path.name for path in folder.iterdir()} - {SUMS, SIGNATURE})
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    write_whole(folder / SUMS, "".join(lines))


def check_key(key: Path) -> None:
    """Check that a key can sign, before a build."""
    # Without -passin it would ask for a passphrase on a terminal that may not be there.
    signs = ("dgst", "-sha256", "-passin", "pass:", "-out", os.devnull, "-sign")
    _run("openssl", *signs, key, os.devnull)


def _run(*command: str | Path) -> None:
    done = captured(command)
    if done.returncode:
        # openssl's own traces follow its words.
        lines = [line for line in done.stderr.splitlines() if line and ":error:" not in line]
        raise UsageError(
            f"{Path(command[0]).name} cannot sign: {lines[-1] if lines else done.returncode}",
            hint=f"take an unencrypted private key in PEM: {_MAKES_ONE}",
        )


PROVENANCE = "provenance.json"


def notes(changelog: str, version: str) -> str:
    """Return the section of a version: ``## 0.1.0``, or with its date after a comma."""
    begin = rf"^## {re.escape(version)}(, [^\n]+)?\n"
    section = re.search(rf"(?ms){begin}.*?(?=^## |\Z)", changelog)
    if section is None:
        raise UsageError(f"CHANGELOG.md has no section of {version}", hint="write it first")
    return section[0].rstrip() + "\n"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)
    help_ = "sign it with this private key, a file in PEM"
    parser.add_argument("--key", metavar="KEY", type=paths.named, help=help_)
    help_ = "a new folder (default: build/release/IMAGE-VERSION)"
    parser.add_argument("--to", metavar="FOLDER", type=paths.folder, help=help_)


def main(options: argparse.Namespace) -> int:
    """Write the folder."""
    of = commit()
    if options.key:
        check_key(options.key)
    version = project_version()
    target: Path = options.to or paths.BUILD / "release" / f"{options.image}-{version}"
    if target.exists():
        raise UsageError(f"{target}: there already", hint="remove it, or name another: --to")
    remedy = places_named(target.parent, "name another folder: --to")
    with remedy, disk_errors(target.parent), scratch_dir(target.parent, target.name):
        pass  # before anything is downloaded
    about = notes((paths.ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if options.key and about.startswith(f"## {version}, unreleased\n"):
        hint = "write its date there, or leave out the key"
        raise UsageError(f"CHANGELOG.md says that {version} is unreleased", hint=hint)
    sif, plan, image = ensure_image("sif", options.image)
    archive = archive_path(image)
    made, sboms = [archive, sif], {image.name: sbom_of(archive)}
    if image.name in STANDALONE:
        file, _, _ = ensure_image("standalone", image.name)
        made.append(file)
        sboms[file.name] = file.with_name(f"{file.name}.spdx.json").read_text()
    if replaced := read_stamp(archive).get("replaced"):
        raise UsageError(f"{archive.name} has packages that are not the locked ones: {replaced}")
    # The version that packed it, not today's: an image that is up to date may be older.
    tools = {"apptainer": str(read_stamp(sif).get("apptainer", "unknown"))}
    with (
        disk_errors(target.parent),
        scratch_dir(target.parent, target.name) as folder,
        stage(f"release {target.name}"),
    ):
        shipped = [place(path, folder / path.name) for path in made]
        if options.key:
            _run(
                ensure("apptainer")["apptainer"].path,
                "sign",
                "--key",
                options.key,
                folder / sif.name,
            )
        for name, sbom in sboms.items():
            (folder / f"{name}.spdx.json").write_text(sbom)
        (folder / "NOTES.md").write_text(about, encoding="utf-8")
        place(paths.ROOT / "docs/install.txt", folder / "INSTALL", 0o644)
        written = statement(plan, image, of, shipped, tools)
        # Unsigned: anyone gets it by `make sif`.
        written["predicate"]["runDetails"]["byproducts"] = _hashed([sif], "{}, as it was built")
        (folder / PROVENANCE).write_text(json.dumps(written, indent=1) + "\n")
        write_sums(folder)
        if options.key:
            signs = ("dgst", "-sha256", "-sign", options.key, "-out", folder / SIGNATURE)
            _run("openssl", *signs, folder / SUMS)
        folder.rename(target)
    print(target)
    return 0
