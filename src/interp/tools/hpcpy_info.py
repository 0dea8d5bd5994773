"""``python -m hpcpy_info``: what is in this interpreter, and where a module or address is from."""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import os
import re
import signal
import sys
from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from _hpcpy_folders import MODULE
from _hpcpy_importer import finder
from _hpcpy_memory import DIGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _hpcpy_memory import Bundle


_ADDRESS = re.compile("0x[0-9a-fA-F]+")
# No such module; no bundle; a wrong byte.  The first that fits counts: ModuleNotFoundError
# is an ImportError, too.
EXIT_CODES: dict[type[Exception], int] = {ModuleNotFoundError: 2, ImportError: 69, ValueError: 65}


def check(bundle: Bundle) -> int:
    """Check every byte of the bundle, and only then load every module's code; count these."""
    # Before any code is loaded: wrong bytecode can crash Python.
    digest = hashlib.sha256(bundle.data[:-DIGEST_SIZE]).digest()
    if digest != bundle.data[-DIGEST_SIZE:]:
        raise ValueError("the modules in memory are not those that were built: get the image again")
    offsets = {where for _, _, kind, where in _entries(bundle) if kind == MODULE}
    for offset in offsets:
        bundle.load(offset)
    return len(offsets)


def _entries(bundle: Bundle) -> Iterator[tuple[str, str, int, Any]]:
    for folder in bundle.folders():
        for name, (kind, where) in folder.entries.items():
            yield folder.path, name, kind, where


def origin(name: str) -> str:
    """Say where an import would take a module from."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError) as error:
        raise ModuleNotFoundError(f"{name}: {error}") from None
    if spec is None:
        raise ModuleNotFoundError(f"there is no module {name!r}")
    if not spec.has_location:
        return f"{name}: {spec.origin or 'a namespace of folders'}"
    offset = getattr(spec.loader, "offset", None)
    memory = f"in memory at {offset}, its source in " if offset is not None else ""
    return f"{name}: {memory}{spec.origin}"


def function_at(address: int) -> str:
    """Say which function of which object has an address of a crash report."""
    entry = ""
    file = f"{sys.base_prefix}/lib/hpcpy/functions.xz"
    loader: Any = __spec__.loader
    for line in lzma.decompress(loader.get_data(file)).decode().splitlines():
        if int(line.partition(" ")[0], 16) > address:
            break
        entry = line
    start, _, function = entry.strip().partition(" ")
    if not function:
        raise ModuleNotFoundError(f"{address:#x}: no function of {sys.executable} is there")
    owner, name = function.split(" ", 1)
    return f"{address:#x}: {owner}: {name}+{address - int(start, 16):#x}"


def _version() -> str:
    loader: Any = __spec__.loader
    about = json.loads(loader.get_data(f"{sys.base_prefix}/share/hpcpy/image.json"))
    return f"hpcpy_info of hpcpy {about['version']}"


def content(path: str) -> str:
    """Return a file of the executable that has its files in itself, or the names of those below."""
    if not finder().bundle.files:
        raise ImportError("the files of this Python are in folders")
    from _hpcpy_files import below, index, read  # noqa: PLC0415

    path = path.rstrip("/")
    if path in index:
        return read(path).decode(errors="replace").rstrip("\n")
    if names := list(below(path)):
        return "\n".join(names)
    raise ModuleNotFoundError(f"{path}: nothing is there")


def _of(word: str) -> str:
    if _ADDRESS.fullmatch(word):
        return function_at(int(word, 16))
    return content(word) if word.startswith("/") else origin(word)


def _print_all(bundle: Bundle) -> None:
    about = bundle.about
    modules = _modules(bundle)
    linked = Counter(name.partition(".")[0] for name in about["built in"])
    print(f"Python {about['python']}, {sum(modules.values())} modules in memory")
    print(f"features: {', '.join(about['features']) or 'none'}")
    if sys.implementation._multiarch.startswith("aarch64"):
        print("built and tested under emulation, never run on real hardware yet;")
        print("what changes that: python -m hpcpy_job doctor, and the checkout's reframe/")
    print(f"\n{'package':<28}{'version':<16}{'in memory':>9}{'built in':>9}  licence")
    _print_packages(about, modules, linked)
    for package, table in about["extensions"].items():
        for module, why in table.get("shared", {}).items():
            print(f"shared: {package}: {module}: {why}")
    for path in about["from source"]:
        print(f"does not compile, left to its source: {path}")
    if added := bundle.added:
        print("\nadded by python -m hpcpy_bake:")
        _print_packages(added.about, _modules(added), Counter())


def _modules(bundle: Bundle) -> Counter[str]:
    """Count the modules in memory below each top-level name of site-packages."""
    return Counter(
        f"{path}/{name}".partition("/site-packages/")[2].partition("/")[0]
        for path, name, kind, _ in _entries(bundle)
        if kind == MODULE  # a package's own is its __init__
    )


def _print_packages(about: Any, modules: Counter[str], linked: Counter[str]) -> None:
    for name, package in about["packages"].items():
        tops = about["owners"][package["owner"]]
        counts = [sum(counter[top] for top in tops) for counter in (modules, linked)]
        print(
            f"{name:<28}{package['version']:<16}{counts[0]:>9}{counts[1]:>9}  {package['licence']}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hpcpy_info", description=__doc__, add_help=False)
    # argparse's own ends with 0 where it cannot be written.
    parser.add_argument("-h", "--help", action="store_true", help="print this help")
    parser.add_argument(
        "module",
        nargs="*",
        help="say where this module comes from, whose code is at 0x1986a, or what a file of "
        "the one file has, such as /usr/share/doc",
    )
    parser.add_argument("--check", action="store_true", help="read all that is in memory")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _answer() -> None:
    parser = _parser()
    options = parser.parse_args()
    bundle = finder().bundle
    if options.help:
        print(parser.format_help(), end="")
    elif options.version:
        print(_version())
    elif options.check:
        print(f"{check(bundle)} modules in memory, each as it was built")
    elif options.json:
        print(json.dumps(bundle.about, indent=1))
    elif options.module:
        for name in options.module:
            print(_of(name))
    else:
        _print_all(bundle)


def main() -> int:
    """Print what was asked for."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # of `| head`
    if sys.stdout is None:
        print("hpcpy_info: standard output: is closed", file=sys.stderr)
        return 73
    try:
        _answer()
        sys.stdout.flush()
    except tuple(EXIT_CODES) as error:
        print(f"hpcpy_info: {error}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except OSError as error:
        print(f"hpcpy_info: standard output: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # at its end Python writes again
        return 73
    return 0


if __name__ == "__main__":
    sys.exit(main())
