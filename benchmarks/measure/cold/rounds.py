"""Sample all starts on fresh mounts, in rounds of one sample each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.core.stages import stage
from measure import cases
from measure.cold.mounts import Mounted
from measure.cold.sample import inside
from measure.cold.touched import touched
from measure.samples import progress
from measure.targets import PYTHON, WORK

TRUE = "true"
# As of a disk system that many nodes share.
RATE, DELAY = 200e6, 1e-3
RANKS = 16
_SAMPLE = "measure.cold.sample"
_NAMES = ("pass", "numpy", "core", "core + MPI")
PROGRAMS: dict[str, list[str]] = {
    TRUE: [TRUE],
    **{case.name: [PYTHON, *case.arguments(WORK)] for case in cases.CASES if case.name in _NAMES},
}
# The eight libraries of docs/bake.md, in images that have them.
WITH_PACKAGES: dict[str, list[str]] = {
    **{name: PROGRAMS[name] for name in (TRUE, "pass")},
    cases.EIGHT.name: [PYTHON, *cases.EIGHT.arguments(WORK)],
}
# Sixteen at once take long.
_OF_BURSTS = ("numpy", "core")


@dataclass
class Cold:
    """One program of one image, mounted in one way, its file on one kind of storage.

    Attributes
    ----------
    image, mount, storage, case
        Which.
    wall
        Seconds a sample; of several ranks a list of when each had ended.
    user, kernel
        Processor seconds a sample, of programs and of the kernel for them.
    read
        Bytes of the image's file a sample that came from the storage.
    requests
        How many requests a slow storage had.
    """

    image: str
    mount: str
    storage: str
    case: str
    wall: list[Any] = field(default_factory=list)
    user: list[float] = field(default_factory=list)
    kernel: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def starts(
    images: Sequence[Mounted],
    storages: Sequence[str],
    number: int,
    programs: Mapping[str, Sequence[str]] = PROGRAMS,
) -> list[Cold]:
    """Take samples of single starts; every second round goes in reverse order."""
    kinds = _kinds(images, storages, programs)
    show = progress(len(kinds) * number)
    for turn in range(number):
        order = kinds if turn % 2 == 0 else kinds[::-1]
        for cold, image in order:
            show(f"round {turn + 1} of {number}: {cold.image}, {cold.mount}, {cold.case}")
            taken = _take(cold, image, programs[cold.case])
            cold.wall.append(taken["wall"][0])
    show("")
    return [cold for cold, _ in kinds]


def bursts(images: Sequence[Mounted], storages: Sequence[str], number: int) -> list[Cold]:
    """Take samples of `RANKS` starts at once, as a node's ranks are, a mount each."""
    kinds = _kinds(images, storages, _OF_BURSTS)
    with stage(f"{number} bursts of {RANKS} starts of each"):
        for _ in range(number):
            for cold, image in kinds:
                taken = _take(cold, image, PROGRAMS[cold.case], RANKS)
                cold.wall.append(taken["wall"])
    return [cold for cold, _ in kinds]


def touches(
    sifs: Mapping[str, Path], programs: Mapping[str, Sequence[str]] = PROGRAMS
) -> list[dict[str, Any]]:
    """Count once what each start touches of each image."""
    found = []
    with stage("count blocks"):
        for case, program in programs.items():
            for image, sif in sifs.items():
                one = touched(sif, program)
                files = dict(sorted(one.files.items(), key=lambda file: -file[1])[:20])
                counts = {
                    "read": one.read,
                    "requests": one.requests,
                    "blocks": one.blocks,
                    "files": len(one.files),
                }
                found.append({"image": image, "case": case, **counts, "most": files})
    return found


def _kinds(
    images: Sequence[Mounted], storages: Sequence[str], programs: Sequence[str] | Mapping[str, Any]
) -> list[tuple[Cold, Mounted]]:
    # The images next to each other: what else the machine does is then the same for both.
    ways = dict.fromkeys(image.mount for image in images)
    return [
        (Cold(image.image, way, storage, case), image)
        for way in ways
        for storage in storages
        for case in programs
        for image in images
        if image.mount == way
    ]


def _take(cold: Cold, image: Mounted, program: Sequence[str], ranks: int = 1) -> dict[str, Any]:
    taken = inside(
        _SAMPLE,
        {
            "image": str(image.file),
            "storage": cold.storage,
            "rate": RATE,
            "delay": DELAY,
            "ranks": ranks,
            "command": image.command(program),
        },
    )
    for name in ("user", "kernel", "read", "requests"):
        if name in taken:
            getattr(cold, name).append(taken[name])
    return taken
