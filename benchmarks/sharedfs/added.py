"""Images to which a program's packages are added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from measure import added as measured
from measure.added import Base, eight
from sharedfs.programs import LIBRARIES, PYNAMIC_IN_IMAGE
from sharedfs.pynamic import made as pynamic
from sharedfs.pynamic import wheel

# Program -> what puts its wheels into a folder and returns the names to install.  It also
# gets an unpacked image, to compile for, and LLNL's Pynamic, if that was named.
PACKAGES: dict[str, Callable[[Path, Path, Path | None], list[str]]] = {
    LIBRARIES: lambda folder, *_: eight(folder),
    PYNAMIC_IN_IMAGE: lambda folder, root, checkout: [
        wheel.write(pynamic.made(root, checkout=checkout), folder)
    ],
}


def added(
    base: Base, programs: Sequence[str], apptainer: Path | None, checkout: Path | None = None
) -> Base:
    """Return an image with the packages of some programs; make it if it is not there yet.

    Parameters
    ----------
    base
        The image without them.
    programs
        Names of `PACKAGES`.
    apptainer
        The program that makes a SIF; without it there are unpacked files alone.
    checkout
        LLNL's Pynamic, for the program of that name.

    Returns
    -------
    Base
        As `measure.added.added` returns it.
    """

    def gather(folder: Path, root: Path) -> list[str]:
        return [one for program in programs for one in PACKAGES[program](folder, root, checkout)]

    return measured.added(base, " and ".join(programs), gather, apptainer)
