"""Write the second bundle: all packages in site-packages that are not the image's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

from _hpcpy_baked import Baked
from _hpcpy_memory import BAKED
from bundle.about import KEPT, describe
from bundle.tree import Folder, scan
from bundle.write import write_bundle
from hpcpy_bake import installed
from hpcpy_info import check

# The ends of the names of files that the bundle's builder reads.
_SEEN = (".py", ".so", "/RECORD", *(f"/{name}" for name in KEPT))


def write_second(library: Path, epoch: int | None) -> int:
    """Write the bundle of all distributions that were added; return how many they are.

    `epoch` is the time of site-packages, None where a start has to list it all the same.

    Raises
    ------
    ValueError
        A package cannot be imported from memory.
    """
    site = library / "site-packages"
    others = installed.others(site)
    with tempfile.TemporaryDirectory() as folder:
        view = Path(folder, "view")
        view.mkdir()
        _show(others.values(), site, view)
        try:
            folders = scan(view, str(site), is_open=True)
        except ValueError as error:
            raise ValueError(str(error).replace(str(view), str(site))) from None
        about = describe(view, folders[0].entries, [], {})
        root = Folder(library, str(library), is_open=False)
        tops = {
            home: installed.top_level(distribution)
            for distribution in others.values()
            for home in installed.folders(installed.files(distribution))
        }
        more = {
            "epoch": epoch,
            "built on": installed.built_on(others.values()),
            "distributions": tops,
        }
        data = write_bundle([str(library), str(site)], [root, *folders], about, more)
    check(Baked(memoryview(data), str(library)))
    _place(data, library / BAKED.strip("/"))
    return len(others)


def _show(others: Iterable[Distribution], site: Path, view: Path) -> None:
    """Let a folder have links to what the bundle's builder reads of these distributions."""
    for name in (name for other in others for name in installed.files(other)):
        place = view / name
        if name.endswith(_SEEN) and (site / name).is_file() and not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(site / name)


def _place(data: bytes, bundle: Path) -> None:
    bundle.parent.mkdir(exist_ok=True)
    bundle.parent.chmod(0o755)
    part = bundle.with_suffix(f".{os.getpid()}")
    part.write_bytes(data)
    part.chmod(0o644)
    os.replace(part, bundle)
