"""What an installed distribution says of itself: files that are there, and no folder of a build.

``python records.py SITE_PACKAGES`` mends all that are in a folder.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path


def renew(site: Path, homes: Iterable[str]) -> None:
    """Mend the distributions whose dist-info folders have these names.

    A wheel's path, which only the build had, is what `pip freeze` would print in place of the
    version.  RECORD has rows of files that a recipe has removed, patched or stripped.
    """
    for home in homes:
        origin, record = site / home / "direct_url.json", site / home / "RECORD"
        if origin.is_file() and json.loads(origin.read_text())["url"].startswith("file:"):
            origin.unlink()
        text = io.StringIO()
        for name, *rest in csv.reader(record.read_text().splitlines()):
            file = site / name
            if file.is_file():
                row = [name, *(rest if file == record else _signed(file.read_bytes()))]
                csv.writer(text, lineterminator="\n").writerow(row)
        record.write_text(text.getvalue())


def _signed(content: bytes) -> tuple[str, str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}", str(len(content))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    renew(folder, [path.parent.name for path in sorted(folder.glob("*.dist-info/RECORD"))])
