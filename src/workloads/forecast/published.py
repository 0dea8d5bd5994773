"""Starts at scale that others have published: points to compare the model's curves with.

Programs, file systems and years differ. So no point shows whether the curve of another
program is right; all together show whether its height is.
"""

from __future__ import annotations

from dataclasses import dataclass

_CANOPIE = "CANOPIE-HPC at SC22"
_AURORA = "Argonne: Aurora, Copper"
_FRONTIER = "Oak Ridge: Frontier"


@dataclass(frozen=True)
class Point:
    """One measured time.

    Attributes
    ----------
    ranks, seconds
        How many ranks started, and how long that took.
    what, where
        The program, and how it came to the ranks.
    source
        Who measured it.
    job
        Seconds of the whole job, where they are published.
    """

    ranks: int
    seconds: float
    what: str
    where: str
    source: str
    job: float | None = None


# Of a range, this has the middle.  Left out are a point without its number of ranks
# (Frontier, 8 nodes), and a difference of two times (Aurora, Copper's first start).
POINTS = (
    Point(16_384, 31, "Pynamic", "Lustre", _CANOPIE, 67.5),
    Point(16_384, 4.6, "Pynamic", "Shifter", _CANOPIE, 41.5),
    Point(16_384, 3.4, "Pynamic", "podman-exec", _CANOPIE, 33.5),
    Point(16_384, 2.85, "Pynamic", "podman-exec, started before", _CANOPIE, 21.2),
    Point(32_768, 18.4, "astropy, mpi4py", "GPFS", _CANOPIE),
    Point(32_768, 41.6, "astropy, mpi4py", "Shifter", _CANOPIE),
    Point(32_768, 219.6, "astropy, mpi4py", "podman-exec", _CANOPIE),
    Point(6_144, 100, "mpi4py", "Lustre", _AURORA),
    Point(24_576, 180, "PyTorch", "Lustre, second time", _AURORA),
    Point(24_576, 2, "PyTorch", "Copper, second time", _AURORA),
    Point(99_600, 30, "imports", "Copper", _AURORA),
    Point(3_584, 500, "imports", "the shared file system", _FRONTIER),
    Point(12_288, 50, "scipy", "by broadcast", "NERSC: Edison"),
)
