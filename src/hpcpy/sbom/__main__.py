"""``python3 -m hpcpy.sbom PINS OUT``: compare the image with its pins, write its SBOM."""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

from hpcpy.sbom.contents import look
from hpcpy.sbom.image import sbom
from hpcpy.sbom.pins import read


def main(arguments: list[str]) -> int:
    """Write the SBOM of the image that this runs in."""
    pins, out = map(Path, arguments)
    try:
        text = sbom(read(pins.read_text()), look(Path("/"), distributions()))
    except ValueError as error:
        print(f"SBOM: {error}", file=sys.stderr)
        return 65
    out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
