"""What a distribution tells of itself, where the bundle knows all of its files."""

from __future__ import annotations

from importlib.metadata import PathDistribution
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from _hpcpy_memory import Bundle


class Known(PathDistribution):
    """A distribution that asks the file system for no file that is not there.

    Programs ask each for ``direct_url.json`` and ``entry_points.txt``, which few
    have.

    Parameters
    ----------
    folder
        Its dist-info folder.
    bundle
        What knows it.
    files
        The names of all files in the folder, each with the place of its text
        in the bundle or None.
    """

    def __init__(self, folder: str, bundle: Bundle, files: Mapping[str, int | None]) -> None:
        super().__init__(Path(folder))
        self._bundle = bundle
        self._files = files

    def read_text(self, filename: str) -> str | None:  # type: ignore[override]
        """Return the text of a file of the folder, None when there is none."""
        # An empty name is the folder itself, for eggs.
        if not filename or "/" in filename:
            return super().read_text(filename)
        if filename not in self._files:
            return None
        offset = self._files[filename]
        if offset is None:
            return super().read_text(filename)
        text: str = self._bundle.load(offset)
        return text
