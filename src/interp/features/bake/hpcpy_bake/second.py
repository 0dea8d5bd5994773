"""Write the second bundle: all packages in site-packages that are not the image's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from _hpcpy_baked import Baked
from bundle.about import KEPT, describe
from bundle.tree import Folder, scan
from bundle.write import write_bundle
from hpcpy_bake import installed
from hpcpy_bake.errors import BakeError
from hpcpy_bake.moves import Moves
from hpcpy_info import check

_NAME = "modules.bundle"
# The ends of the names of files that the bundle's builder reads.
_SEEN = (".py", ".so", "/RECORD", *(f"/{name}" for name in KEPT))


class Second:
    """A second bundle in the making; `stage` is for temporary files, on the same disk."""

    def __init__(self, library: Path, stage: Path) -> None:
        self.library = library
        self.site = library / "site-packages"
        self.folder = stage / "baked"
        self.view = stage / "view"
        self.folder.mkdir()
        self.view.mkdir()

    def write(
        self,
        found: Mapping[str, Distribution],
        epoch: int | None,
        sources: Mapping[str, Any],
    ) -> None:
        """Make the bundle of some distributions.

        `epoch` is the time of site-packages, None where a start has to list it all the
        same; `sources` is what `--lock` prints of each.
        """
        folders = self._scan(found)
        top_level = next(f.entries for f in folders if f.path == self.view)
        about = describe(self.view, top_level, [], {})
        root = Folder(self.library, str(self.library), is_open=False)
        data = write_bundle(
            [str(self.library), str(self.site)],
            [root, *folders],
            {**about, "sources": dict(sources)},
            more={
                "epoch": epoch,
                "built on": installed.built_on(found.values()),
                "distributions": {
                    installed.folder_name(one): list(installed.top_level(one))
                    for one in found.values()
                },
            },
        )
        check(Baked(memoryview(data), str(self.library)))
        (self.folder / _NAME).write_bytes(data)

    def place(self, bundle: Path, moves: Moves) -> None:
        """Put it where imports use it, by moves that are undone if something goes wrong."""
        folder = bundle.parent
        self.folder.chmod(0o755)
        (self.folder / _NAME).chmod(0o644)
        if not folder.exists():
            moves.rename(self.folder, folder)
            return
        (self.folder / _NAME).replace(bundle)

    def _scan(self, found: Mapping[str, Distribution]) -> list[Folder]:
        for one in found.values():
            # A RECORD may leave itself out: pyspark's did, and was found by no name.
            for name in {*installed.files(one), f"{installed.folder_name(one)}/RECORD"}:
                target = self.site / name
                place = self.view / name
                wanted = name.endswith(_SEEN) and not name.startswith("..")
                if wanted and target.is_file():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.symlink_to(target)
        try:
            return scan(self.view, str(self.site), is_open=True)
        except ValueError as error:
            said = str(error).replace(str(self.view), str(self.site))
            raise BakeError(f"{said}; use it from a virtual environment") from None
