"""``hpcpy install --prefix=/opt/hpcpy``: the tool as its wheel has it, for packagers."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import disk_errors, place, places_named, write_whole
from hpcpy.images.own_command import wheel
from hpcpy_common.errors import UsageError

# It may be moved as a whole, as Spack does.
_COMMAND = """\
#!{python} -I
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib/hpcpy"))

from hpcpy.__main__ import start

sys.exit(start())
"""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    default = Path("/usr/local")
    help_ = f"where bin/hpcpy and lib/hpcpy will be ({default})"
    parser.add_argument("--prefix", type=paths.folder, default=default, help=help_)
    help_ = "a folder in the place of /, of which a package is made"
    parser.add_argument("--destdir", type=paths.folder, help=help_)


def main(options: argparse.Namespace) -> int:
    """Copy the files, and write the command, which this Python runs."""
    for name, folder in (("PREFIX", options.prefix), ("DESTDIR", options.destdir)):
        if folder and not folder.is_absolute():
            raise UsageError(f"{name}={folder}: is no absolute path")
    os.umask(0o022)  # for all users of the package
    prefix = paths.settled(options.prefix)
    if options.destdir:
        prefix = paths.settled(options.destdir) / prefix.relative_to("/")
    command = prefix / "bin/hpcpy"
    with places_named(prefix, "name another folder: PREFIX=…"), disk_errors(prefix):
        for name, path in wheel().items():
            place(path, prefix / "lib/hpcpy" / name, 0o644)
        write_whole(command, _COMMAND.format(python=sys.executable), 0o755)
    print(command)
    return 0
