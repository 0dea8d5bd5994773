"""The command line."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from _hpcpy_folders import MODULE, PACKAGE
from _hpcpy_importer import finder
from hpcpy_bake.bake import Request, bake
from hpcpy_bake.errors import UNAVAILABLE, USAGE, BakeError
from hpcpy_bake.installed import canonical_name, others
from hpcpy_info import Version

_DESCRIPTION = """
Installs packages into this image and puts their modules into memory, while an image is built
on this one: `RUN python -m hpcpy_bake -r requirements.txt`. All other packages that are
installed are baked again; with no package named, these alone. See docs/how-to/own-packages.md.
"""
_CODES = "exit codes: 2 usage, 65 a wrong hash, 69 no solution, 73 the image cannot be written"
# pip's options that are passed on: those with a value, and those without.
_VALUES = (
    *("--index-url", "--extra-index-url", "--find-links", "--only-binary", "--no-binary"),
    *("--trusted-host", "--proxy", "--cert", "--client-cert", "--timeout", "--retries"),
)
_FLAGS = (
    *("--no-index", "--pre", "--require-hashes", "--no-build-isolation", "--no-cache-dir"),
    "--prefer-binary",
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hpcpy_bake", description=_DESCRIPTION, epilog=_CODES, allow_abbrev=False
    )
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="a requirement, as for pip")
    parser.add_argument("-r", "--requirement", action="append", default=[], metavar="FILE")
    parser.add_argument("-c", "--constraint", action="append", default=[], metavar="FILE")
    parser.add_argument(
        "--wheelhouse", metavar="DIR", help="take files from this folder alone, no network"
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and end")
    parser.add_argument("--list", action="store_true", help="say what is baked")
    parser.add_argument(
        "--lock", action="store_true", help="print what is baked as requirements with hashes"
    )
    own = parser.add_argument_group("pip's own")
    for option in _VALUES:
        short = {"--index-url": ["-i"], "--find-links": ["-f"]}.get(option, [])
        own.add_argument(*short, option, action="append", default=[], metavar="X")
    for option in _FLAGS:
        own.add_argument(option, action="store_true")
    return parser


def _request(options: argparse.Namespace, *, has_moved: bool) -> Request:
    given = vars(options)
    handed_on = [
        f"{option}={value}"
        for option in _VALUES
        for value in given[option.strip("-").replace("-", "_")]
    ]
    # The install step names files by address with their hashes, which pip checks anyhow.
    flags = [option for option in _FLAGS if given[option.strip("-").replace("-", "_")]]
    handed_on += [option for option in flags if option != "--require-hashes"]
    if options.wheelhouse:
        folder = Path(options.wheelhouse)
        if not folder.is_dir():
            raise BakeError(f"{folder}: no such folder; --wheelhouse wants one with wheels", USAGE)
        handed_on += ["--no-index", f"--find-links={folder.absolute()}"]
    texts = [*options.packages]
    for file in options.requirement:
        try:
            texts += Path(file).read_text().splitlines()
        except OSError as error:
            raise BakeError(f"{file}: {error.strerror}", USAGE) from None
    asked = [*options.packages, *(f"--requirement={file}" for file in options.requirement)]
    if asked:
        asked += [f"--constraint={file}" for file in options.constraint]
        asked += ["--require-hashes"] if options.require_hashes else []
    elif has_moved:
        # pip then checks that this base has what the baked packages require.
        site = Path(finder().bundle.roots[-1].path)
        there = [f"{name}=={one.version}" for name, one in others(site).items()]
        asked = ["--no-index", *there] if there else []
    return Request(
        asked,
        frozenset(_names(texts)),
        handed_on,
        options.require_hashes or any("--hash" in text for text in texts),
    )


def _names(texts: Sequence[str]) -> set[str]:
    found = (re.match(r"\s*([A-Za-z0-9][\w.-]*)", text) for text in texts)
    return {canonical_name(match[1]) for match in found if match}


def _print_list(*, lock: bool) -> None:
    added = finder().bundle.added
    if added is None:
        raise BakeError("nothing is baked in this image", UNAVAILABLE)
    about = added.about
    there = others(Path(added.roots[-1].path))
    for name, (version, _) in about["sources"].items():
        if name not in there or there[name].version != version:
            raise BakeError(f"{name} {version} was replaced since it was baked; bake again")
    modules = Counter(
        folder.path.removeprefix(added.roots[-1].path).strip("/").partition("/")[0] or name
        for folder in added.folders()
        for name, (kind, _) in folder.entries.items()
        if kind in (MODULE, PACKAGE) and name != "__init__"
    )
    for name, (version, sha256) in about["sources"].items():
        if lock:
            print(f"{name}=={version}" + (f" --hash=sha256:{sha256}" if sha256 else ""))
        else:
            owner = name.replace("-", "_")
            count = sum(modules[top] for top in about["owners"].get(owner, ()))
            print(f"{name:<28}{version:<16}{count:>6} modules in memory")


def _run(options: argparse.Namespace, *, has_moved: bool) -> None:
    if sys.prefix != sys.base_prefix:
        raise BakeError(
            "this is a virtual environment, where python -m pip install does; "
            "bake with the image's own python3",
            USAGE,
        )
    if options.list or options.lock:
        _print_list(lock=options.lock)
    else:
        bake(_request(options, has_moved=has_moved), lambda line: print(line, flush=True))


def main(arguments: Sequence[str] | None = None, *, has_moved: bool = False) -> int:
    """Bake packages, or list what is baked; return an exit code of docs/how-to/own-packages.md.

    `has_moved` says that what is baked was baked on another base.
    """
    options = _parser().parse_args(arguments)
    try:
        _run(options, has_moved=has_moved)
    except BakeError as error:
        print(f"hpcpy_bake: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"hpcpy_bake: {error.filename}: {error.strerror}; all is as before", file=sys.stderr)
        return 73
    except KeyboardInterrupt:
        print("hpcpy_bake: stopped; all is as before", file=sys.stderr)
        return 130
    return 0
