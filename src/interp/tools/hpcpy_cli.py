"""``python -m hpcpy_cli launch …``: the commands for jobs that need no checkout.

The package behind it lies in the image, or is placed on the node for the one file.
"""

from __future__ import annotations

import sys

from _hpcpy_importer import finder

_FOLDER = "/opt/hpcpy/share/hpcpy/tool"


def main() -> int:
    """Run the command of the words; return its exit code."""
    root = ""
    if finder().bundle.files:
        from _hpcpy_files import below, place  # noqa: PLC0415

        try:
            root = place(_FOLDER, [*below(_FOLDER)])
        except OSError as error:
            print(f"hpcpy: {error}", file=sys.stderr)
            return 69
    sys.path.insert(0, f"{root}{_FOLDER}/src")
    from hpcpy.__main__ import main as run  # noqa: PLC0415
    from hpcpy.core.parser import entry  # noqa: PLC0415

    return entry(run)


if __name__ == "__main__":
    sys.exit(main())
