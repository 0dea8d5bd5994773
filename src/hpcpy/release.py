"""``hpcpy release [IMAGE] [--key KEY]``: all that a centre needs of the images, in one folder."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import stat
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import all_below, disk_errors, place, places_named, scratch_dir, sha256
from hpcpy.core.parser import one_of
from hpcpy.core.paths import project_version
from hpcpy.core.programs import NOT_STARTED, captured
from hpcpy.core.scratch import remove_tree
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.engine.venv import ensure_venv
from hpcpy.images.cached import read_stamp, require_bytes
from hpcpy.images.command import add_arch, ensure_image
from hpcpy.images.graph import Image, the_graph
from hpcpy.images.outputs import STANDALONE, archive_path, standalone_sbom
from hpcpy.images.plan import Plan
from hpcpy.images.provenance import commit, hashed, statement
from hpcpy.images.sbom_file import HOST, sbom_of, sbom_of_pins
from hpcpy.images.vex import vex
from hpcpy.launch import settings
from hpcpy.pins.debian import snapshot_epoch
from hpcpy.pins.model import ARCHITECTURES, host_arch
from hpcpy_common.errors import DiskError, UnavailableError, UsageError

SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"
# Without it openssl would ask for a passphrase on a terminal that may not be there.
_PLAIN = ("-passin", "pass:")
_MAKES_ONE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"


def sums(folder: Path) -> str:
    """Return the hashes of all other files of a folder, as sha256sum(1) checks them."""
    names = sorted({path.name for path in folder.iterdir()} - {SUMS, SIGNATURE})
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in names)


def check_key(key: Path) -> None:
    """Check that a key can sign, before a build."""
    _run("openssl", "dgst", "-sha256", *_PLAIN, "-out", os.devnull, "-sign", key, os.devnull)


def sign(folder: Path, key: Path) -> None:
    """Sign a folder's hashes; check that signature, the hashes, and what Apptainer has signed."""
    # Where the disk is full, openssl writes an empty file and exits with 0.
    signature, public = folder / SIGNATURE, folder.with_name("public.pem")
    _run("openssl", "dgst", "-sha256", *_PLAIN, "-sign", key, "-out", signature, folder / SUMS)
    _run("openssl", "pkey", "-in", key, *_PLAIN, "-pubout", "-out", public)
    verify = ("openssl", "dgst", "-sha256", "-verify", public, "-signature", signature)
    apptainer = (ensure("apptainer")["apptainer"].path, "verify", "--key", public)
    signed = {folder / SUMS: verify, **dict.fromkeys(folder.glob("*.sif"), apptainer)}
    for path, command in signed.items():
        if captured([*command, path]).returncode:
            raise DiskError(f"{path}: its signature is not whole")


def _run(*command: str | Path) -> None:
    done = captured(command)
    if done.returncode == NOT_STARTED:
        raise UnavailableError(done.stderr, hint=f"install {Path(command[0]).name}")
    if done.returncode:
        # openssl's own traces follow its words.
        lines = [line for line in done.stderr.splitlines() if line and ":error:" not in line]
        raise UsageError(
            f"{Path(command[0]).name} cannot sign: {lines[-1] if lines else done.returncode}",
            hint=f"take an unencrypted private key in PEM: {_MAKES_ONE}",
        )


def notes(changelog: str, version: str, *, dated: bool = False) -> str:
    """Return the section of a version: ``## 0.1.0``, or with its date after a comma."""
    begin = rf"^## {re.escape(version)}(, [^\n]+)?\n"
    section = re.search(rf"(?ms){begin}.*?(?=^## |\Z)", changelog)
    if section is None:
        raise UsageError(f"CHANGELOG.md has no section of {version}", hint="write it first")
    try:
        time.strptime(section[1] or "", ", %d %B %Y")
    except ValueError as error:
        if dated:
            hint = f'write "## {version}, 1 December 2026", or leave out the key'
            raise UsageError(f"CHANGELOG.md has no date of {version}", hint=hint) from error
    # The pages that its links name are in pages.zip, as HTML.
    return re.sub(r"\[([^]]+)\]\(docs/[^)]+\)", r"\1", section[0].rstrip()) + "\n"


@dataclass(frozen=True)
class Made:
    """An image of one architecture, as files below build/."""

    plan: Plan
    image: Image
    # By kind, in the order in which they are shipped.
    files: Mapping[str, Path]


def made(name: str, arch: str) -> Made:
    """Have an image for an architecture, building what is missing."""
    sif, plan, image = ensure_image("sif", name, arch)
    files = {"oci": archive_path(image), "sif": sif}
    if name in STANDALONE:
        files["standalone"], _, _ = ensure_image("standalone", name, arch)
    return Made(plan, image, files)


def twin(name: str, arch: str) -> Made | None:
    """Have an image for another architecture, if this machine can build it."""
    try:
        return made(name, arch)
    except (UnavailableError, UsageError) as error:
        copy = "copy its files into build/, with their .json and .spdx.json files and times"
        print(f"release WITHOUT {name} for {arch}: {error}\n  or {copy}", file=sys.stderr)
    return None


_FIELD = re.compile(r"@(VERSION|URL|SHA256 ([^@\n]+))@")


def recipes(folder: Path, version: str, url: str) -> dict[str, str]:
    """Return packaging's recipes of the files that are in `folder`, by their names."""
    filled = {}

    def value(field: re.Match[str]) -> str:
        return {"VERSION": version, "URL": url}.get(field[1]) or sha256(folder / field[2])

    for template in sorted((paths.ROOT / "packaging").glob("*.in")):
        text = template.read_text(encoding="utf-8")
        needed = [field[2] for field in _FIELD.finditer(text) if field[2]]
        if all((folder / name).exists() for name in needed):
            name = _FIELD.sub(value, template.name.removesuffix(".in"))
            filled[name] = _FIELD.sub(value, text)
    return filled


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"this image alone (default: {' and '.join(STANDALONE)})"
    # Neither Debian alone and compilers, nor what tests of our C run in.
    images = [each for each in the_graph().images.values() if each.parts]
    known = one_of([each.name for each in images if "sanitize" not in each.features])
    parser.add_argument("image", nargs="?", type=known, metavar="IMAGE", default="", help=help_)
    help_ = "sign it with this private key, a file in PEM"
    parser.add_argument("--key", metavar="KEY", type=paths.named, help=help_)
    help_ = "where its files will be found, for the recipes (default: where they lie here)"
    parser.add_argument("--url", metavar="URL", default="", help=help_)
    help_ = "a new folder (default: build/release/IMAGE-VERSION)"
    parser.add_argument("--to", metavar="FOLDER", type=paths.folder, help=help_)
    add_arch(parser, default="all that can be built here")


def main(options: argparse.Namespace) -> int:
    """Write the folder."""
    names = [options.image] if options.image else list(STANDALONE)
    version = project_version()
    target = _target(options, version)
    changelog = (paths.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    about = notes(changelog, version, dated=bool(options.key))
    with _scratch(target) as scratch:  # before anything is downloaded
        (scratch / SUMS).touch()  # in a folder of the checkout this is a change
        of = commit()
    _build_pages()  # before hours of builds, as a link in them may lead nowhere
    every = [made(name, options.arch or host_arch()) for name in names]
    others = [] if options.arch else [arch for arch in ARCHITECTURES if arch != host_arch()]
    twins = [twin(name, arch) for name in names for arch in others]
    products = (*every, *filter(None, twins))
    with _scratch(target) as scratch, stage(f"release {target.name}"):
        folder = scratch / target.name
        folder.mkdir()
        for product in products:
            _ship(product, folder, of, options.key)
        build_wheel(folder)
        _pack(paths.BUILD / "docs", folder / "pages.zip")
        _pack(paths.ROOT / "reframe", folder / "reframe.zip")
        (folder / "NOTES.md").write_text(about, encoding="utf-8")
        place(paths.ROOT / "docs/install.txt", folder / "INSTALL")
        place(paths.ROOT / "LICENSE", folder / "LICENSE")
        (folder / "schema.json").write_text(settings.schema(), encoding="utf-8")
        (folder / "template.toml").write_text(settings.template(), encoding="utf-8")
        where = options.url.rstrip("/") or target.absolute().as_uri()
        for name, text in recipes(folder, version, where).items():
            (folder / name).write_text(text, encoding="utf-8")
        _finish(folder, options.key)
        if commit() != of:
            raise UsageError("another commit was checked out meanwhile", hint="try again")
        folder.rename(target)
    if not options.key:
        print("release WITHOUT a signature: KEY=FILE (--key) signs it", file=sys.stderr)
    print(target)
    return 0


def _target(options: argparse.Namespace, version: str) -> Path:
    """Return the new folder, if the options make sense."""
    if options.key:
        check_key(options.key)
    target: Path = options.to or paths.BUILD / "release" / f"{options.image or 'hpcpy'}-{version}"
    if os.path.lexists(target):
        raise UsageError(f"{target}: there already", hint="remove it, or name another: --to")
    if options.url and not re.fullmatch(r"[a-z]+://[\w.:/~@%+-]+", options.url):
        hint = "such as https://example.org/x"
        raise UsageError(f"--url {options.url}: is no address", hint=hint)
    return target


@contextlib.contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Give a folder beside `target`; if this is killed, its name shows that it is unfinished."""
    parent = target.parent
    remedy = places_named(parent, "name another folder: --to")
    with remedy, disk_errors(parent), scratch_dir(parent, f".{target.name}") as folder:
        yield folder


def _finish(folder: Path, key: Path | None) -> None:
    """Write the hashes of a folder's files, sign them, let all read it, and compare once more."""
    (folder / SUMS).write_text(sums(folder))
    if key:
        sign(folder, key)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    if (folder / SUMS).read_text() != sums(folder):
        raise DiskError(f"{folder}: its files are not as they were written")


def _build_pages() -> None:
    with stage("pages") as current:
        if (pages := paths.BUILD / "docs").exists():  # perhaps with those of other commits
            remove_tree(pages)
        current.run([sys.executable, "-I", paths.ROOT / "hpcpy", "html"])


def build_wheel(folder: Path) -> None:
    """Write the wheel of the tool, the same bytes each time."""
    python, epoch = ensure_venv() / "bin/python", snapshot_epoch()
    with stage("wheel of the tool") as current:
        words = ("-m", "hatchling", "build", "--target=wheel", "--directory", folder)
        current.run([python, *words], env={"SOURCE_DATE_EPOCH": str(epoch)}, cwd=paths.ROOT)


def _pack(source: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(all_below(source)):
            inside = path.relative_to(source)
            # Sphinx's own notes; what a run has left
            if path.is_file() and not inside.parts[0].startswith((".", "__")):
                file.write(path, Path(target.stem, inside))


def _ship(made: Made, folder: Path, of: str, key: Path | None) -> None:
    """Place an image's files, their SBOMs and what they are made of."""
    sif = made.files["sif"]
    shipped = [
        require_bytes(place(path, folder / path.name), read_stamp(path).get("sha256"))
        for path in made.files.values()
    ]
    sbom = sbom_of(folder / made.files["oci"].name)
    (folder / f"{made.image.file}.spdx.json").write_text(sbom)
    (folder / f"{made.image.file}.openvex.json").write_text(vex(made.plan, made.image))
    host = sbom_of_pins(made.plan, HOST)
    (folder / f"{HOST}{made.image.suffix}.spdx.json").write_text(host)
    if file := made.files.get("standalone"):
        bill = standalone_sbom(file)
        require_bytes(place(bill, folder / bill.name), read_stamp(file).get("sbom"))
    built = hashed([folder / sif.name], "{}, as it was built")
    if key:
        apptainer = ensure("apptainer")["apptainer"].path
        _run(apptainer, "sign", "--key", key, folder / sif.name)
    # The version that packed it, not today's: an image that is up to date may be older.
    tools = {"apptainer": str(read_stamp(sif).get("apptainer", "unknown"))}
    written = statement(made.plan, made.image, of, shipped, tools)
    # Unsigned: anyone gets it by `make sif`.
    written["predicate"]["runDetails"]["byproducts"] = built
    (folder / f"{made.image.file}.provenance.json").write_text(json.dumps(written, indent=1) + "\n")
