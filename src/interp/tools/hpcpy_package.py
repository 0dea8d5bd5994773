"""``python -m hpcpy launch …``: the commands for jobs that need no checkout.

The build makes this the package `hpcpy` of site-packages.  Its modules lie in the image's folder
of the tool, which is placed on the node for the one file.
"""

from __future__ import annotations

import sys

from _hpcpy_importer import finder

_FOLDER = "/opt/hpcpy/share/hpcpy/tool"
_root = ""
if finder().bundle.files:
    from _hpcpy_files import below, place

    try:
        _root = place(_FOLDER, [*below(_FOLDER)])
    except OSError as error:
        if sys.argv[1:2] == ["doctor"]:  # it needs none of these files, and tells of the folders
            from hpcpy_job.__main__ import entry

            sys.exit(entry())
        # Not an ImportError, of which `-m` would print a traceback.
        print(f"hpcpy: {error}", file=sys.stderr)
        sys.exit(69)
__path__ = [f"{_root}{_FOLDER}/src/hpcpy"]
