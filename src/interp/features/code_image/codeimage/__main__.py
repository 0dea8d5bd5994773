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
from codeimage.image import Module, write_image
from codeimage.layout import Layout
from codeimage.objects import Objects
from codeimage.order import Order
from codeimage.seen import Training

# CPython's frozen modules, each with the symbol of its marshalled code.
_OF_CPYTHON = {
    "_frozen_importlib": "_Py_M__importlib__bootstrap",
    "_frozen_importlib_external": "_Py_M__importlib__bootstrap_external",
    "importlib.machinery": "_Py_M__importlib_machinery",
    "importlib.util": "_Py_M__importlib_util",
    "zipimport": "_Py_M__zipimport",
}


def main() -> int:
    """Write the code image of a bundle's packages.

    Returns
    -------
    int
        0.
    """
    options = _options()
    layout = Layout(options.layout.read_text())
    data = memoryview(options.bundle.read_bytes())
    Bundle.loads = staticmethod(_loads)
    bundle = Bundle(data, options.library)
    frozen = dict(_frozen(options.bundle.parent))
    ours = dict.fromkeys(code.co_filename for code in frozen.values())
    training = Training.of(json.loads(options.training.read_text()), ours)
    objects = Objects(layout)
    modules = [Module(symbol, objects.code(code)) for symbol, code in frozen.items()]
    for offset, path in _modules(bundle):
        if path in training.files and path not in ours:
            modules.append(Module(offset, objects.code(bundle.load(offset))))
    placed = Order(training).of(module.code for module in modules)
    image = write_image(layout, modules, placed)
    options.file.write_bytes(image)
    print(f"code image: {len(modules)} modules, {len(placed)} objects, {len(image):,} bytes of ELF")
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


def _modules(bundle: Bundle) -> Iterator[tuple[int, str]]:
    # A package is also the module `__init__` in its own folder.
    found: dict[int, str] = {}
    for folder in bundle.folders():
        for name, (kind, where) in folder.entries.items():
            if isinstance(where, int):
                file = f"{name}/__init__.py" if kind == PACKAGE else f"{name}.py"
                found.setdefault(where, f"{folder.path}/{file}")
    return iter(sorted(found.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="codeimage", description=main.__doc__)
    parser.add_argument("file", type=Path, help="the object file to write")
    parser.add_argument("--library", required=True, help="where the library will lie")
    parser.add_argument("--bundle", type=Path, required=True, help="modules.bundle in its folder")
    parser.add_argument("--layout", type=Path, required=True, help="what layout.c printed")
    parser.add_argument("--training", type=Path, required=True, help="what training.py wrote")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
