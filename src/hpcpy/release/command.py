"""``hpcpy release [IMAGE] [--key KEY]``: all that a centre needs of an image, in one folder."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from hpcpy.build.archive import sbom_of
from hpcpy.build.command import add_image, ensure_image
from hpcpy.build.current import archive_path
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors, place, scratch_dir
from hpcpy.core.paths import project_version
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.release import provenance, signing

PROVENANCE = "provenance.json"


def notes(changelog: str, version: str) -> str:
    """Return the section of a version."""
    section = re.search(rf"(?ms)^## {re.escape(version)}\b.*?(?=^## |\Z)", changelog)
    if section is None:
        raise UsageError(f"CHANGELOG.md has no section of {version}", hint="write it first")
    return section[0].rstrip() + "\n"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)
    help_ = "sign it with this private key, a file in PEM"
    parser.add_argument("--key", metavar="KEY", type=Path, help=help_)
    help_ = f"a new folder (default: {_shown('IMAGE')})"
    parser.add_argument("--to", metavar="FOLDER", type=paths.folder, help=help_)


def folder_of(image: str) -> Path:
    """Return where the release of an image lies."""
    return paths.BUILD / "release" / f"{image}-{project_version()}"


def _shown(image: str) -> str:
    return str(folder_of(image).relative_to(paths.ROOT))


def main(options: argparse.Namespace) -> int:
    """Write the folder."""
    of = provenance.commit()
    if options.key:
        # Before a build that may take minutes.
        signing.check_key(options.key)
    version = project_version()
    target: Path = options.to or folder_of(options.image)
    if target.exists():
        raise UsageError(f"{target}: there already", hint="remove it, or name another: --to")
    about = notes((paths.ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    sif, plan, image = ensure_image("sif", options.image)
    archive = archive_path(image)
    made, sboms = [archive, sif], {image.name: sbom_of(archive)}
    if image.name == "hpcpy-core":
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
        for path in made:
            place(path, folder / path.name)
        for name, sbom in sboms.items():
            (folder / f"{name}.spdx.json").write_text(sbom)
        (folder / "NOTES.md").write_text(about, encoding="utf-8")
        statement = provenance.statement(plan, image, of, made, tools)
        (folder / PROVENANCE).write_text(json.dumps(statement, indent=1) + "\n")
        signing.write_sums(folder)
        if options.key:
            signing.sign(folder, options.key, ensure("apptainer").apptainer)
        folder.rename(target)
    print(target)
    return 0
