"""``python -m codeimage``: run by the interpreter that the image is for."""

from __future__ import annotations

import _imp
import argparse
import json
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from compression import zstd  # type: ignore[import-not-found]

from _hpcpy_folders import PACKAGE
from _hpcpy_memory import Bundle
from codeimage.areas import in_order
from codeimage.image import write_image
from codeimage.layout import Layout
from codeimage.objects import Node, Objects

# CPython's frozen modules, each with the symbol of its marshalled code.
_OF_CPYTHON = {
    "_frozen_importlib": "_Py_M__importlib__bootstrap",
    "_frozen_importlib_external": "_Py_M__importlib__bootstrap_external",
    "importlib.machinery": "_Py_M__importlib_machinery",
    "importlib.util": "_Py_M__importlib_util",
    "zipimport": "_Py_M__zipimport",
}


def main() -> int:
    """Write the code image of a bundle's packages."""
    options = _options()
    layout = Layout(options.layout.read_text())
    Bundle.loads = staticmethod(_loads)
    bundle = Bundle(memoryview(options.bundle.read_bytes()), options.library)
    frozen = dict(_frozen(options.bundle.parent))
    seen = json.loads(options.training.read_text())
    # Frozen modules run at each start; the others are in the order in which their imports began.
    ours = [code.co_filename for code in frozen.values()]
    seen["start"] += ours
    seen["files"] = [*dict.fromkeys(ours + seen["files"])]
    keys: dict[str, int | str] = dict(_modules(bundle))
    keys |= zip(ours, frozen, strict=True)
    objects = Objects(layout)
    modules: dict[int | str, Node] = {}
    for key in (keys[file] for file in seen["files"] if file in keys):
        modules[key] = objects.code(frozen[key] if isinstance(key, str) else bundle.load(key))
    order = in_order(layout, modules.values(), seen)
    binary = options.file.with_suffix(".bin")
    data, assembly = write_image(layout, modules, order, str(binary))
    binary.write_bytes(data)
    options.file.write_text(assembly)
    print(f"code image: {len(modules)} modules, {len(order)} objects, {len(data):,} bytes")
    return 0


def _loads(value: memoryview) -> Any:
    # As `values.c` does.
    is_frame = bytes(value[:4]) == b"\x28\xb5\x2f\xfd"
    return marshal.loads(zstd.decompress(value) if is_frame else value)  # noqa: S302


def _frozen(folder: Path) -> Iterator[tuple[str, CodeType]]:
    for module, symbol in _OF_CPYTHON.items():
        yield symbol, _imp.get_frozen_object(module)
    # Ours, by the symbols of bundle.S.
    for file in sorted(folder.glob("*.code")):
        yield f"hpcpy_{file.stem}", marshal.loads(file.read_bytes())  # noqa: S302


def _modules(bundle: Bundle) -> Iterator[tuple[str, int]]:
    """Yield the file of each module, and where its code is."""
    for folder in bundle.folders():
        for name, (kind, where) in folder.entries.items():
            if isinstance(where, int):
                file = f"{name}/__init__.py" if kind == PACKAGE else f"{name}.py"
                yield f"{folder.path}/{file}", where


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="codeimage", description=main.__doc__)
    parser.add_argument("file", type=Path, help="the assembly to write; its data are beside it")
    parser.add_argument("--library", required=True, help="where the library will lie")
    parser.add_argument("--bundle", type=Path, required=True, help="modules.bundle in its folder")
    parser.add_argument("--layout", type=Path, required=True, help="what layout.c printed")
    parser.add_argument("--training", type=Path, required=True, help="what training.py wrote")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
