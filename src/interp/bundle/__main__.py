"""``python -m bundle``: run by the interpreter that the bundle is for."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from compression import zstd  # type: ignore[import-not-found]

from bundle.about import describe
from bundle.canonical import canonical
from bundle.features import hook_files, hooks
from bundle.tree import add_built_in, scan
from bundle.write import compiled, write_bundle

# zstd's level, by one thread: the same bytes on every machine.  4 s for the image's modules; the
# highest level takes 24 s and saves 4 % more.
_LEVEL = 12
# The modules that are frozen into the interpreter, by the names in bundle.S.
# Under this name CPython takes their lines out of tracebacks, as it does with importlib's own.
_HIDDEN = "<frozen importlib._bootstrap_external>"
_FROZEN = {
    "folders.code": "_hpcpy_folders.py",
    "memory.code": "_hpcpy_memory.py",
    "path.code": "_hpcpy_path.py",
    "importer.code": "_hpcpy_importer.py",
    "encodings.code": "start_encodings.py",
}


def main() -> int:
    """Write the bundle of an installation, and the code to freeze."""
    options = _options()
    library: Path = options.library
    final = str(library)
    site = library / "site-packages"
    paths = [path for path in (library, library / "lib-dynload", site) if path.is_dir()]
    roots = [final + str(path).removeprefix(str(library)) for path in paths]
    folders = [
        folder
        for path, root in zip(paths, roots, strict=True)
        for folder in scan(path, root, is_open=path == site)
    ]
    built_in = options.built_in.read_text().split() if options.built_in else []
    add_built_in(folders, library, site, built_in)
    top_level = {folder.path: folder.entries for folder in folders if folder.final in roots}
    extensions = tomllib.loads(options.extensions.read_text()) if options.extensions else {}
    features = options.features.read_text().split() if options.features else []
    data = write_bundle(
        roots,
        folders,
        {**describe(site, top_level.get(site, ()), built_in, extensions), "features": features},
        {"epoch": options.epoch, "hooks": hooks(hook_files(features))},
        lambda code: zstd.compress(code, _LEVEL),
    )
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "modules.bundle").write_bytes(data)
    for name, source in _FROZEN.items():
        code = compiled(Path(__file__).parents[1] / "importer" / source, _HIDDEN)
        (options.folder / name).write_bytes(canonical(code))
    modules = sum(len(folder.entries) for folder in folders)
    print(f"bundle: {modules} modules in {len(folders)} folders, {len(data):,} bytes")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bundle", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="gets modules.bundle and the code to freeze")
    parser.add_argument("--library", type=Path, required=True, help="…/lib/python3.x")
    parser.add_argument("--built-in", type=Path, help="names of the linked modules, one a line")
    parser.add_argument("--extensions", type=Path, help="recipes/extensions.toml")
    parser.add_argument("--features", type=Path, help="names of the image's features, one a line")
    parser.add_argument("--epoch", type=int, help="the time that all files will bear")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
