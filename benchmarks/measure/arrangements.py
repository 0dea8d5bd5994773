"""Start two ranks inside containers and outside, otherwise alike."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpcpy.fetch.many import fetch
from hpcpy.pins.sources import sources
from measure.ranks import Start
from measure.targets import OWN_NETWORK, Target, container, image_variables, unpacked

_OWN_MPIEXEC = "/opt/mpich/bin/mpiexec"
# Its mpiexec runs on the host, where the image's own would lack the image's C library.
_WHEEL = "mpich-abi"
COMMON = OWN_NETWORK
_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Arrangement:
    """Two ranks of one node.

    Attributes
    ----------
    name, title
        For the command line, and for people.
    apart
        Whether each is in a container of its own, started by mpiexec on the
        host, as srun does it.  Otherwise both and their mpiexec share one.
    variables
        What they get besides `COMMON`, inside and outside.
    slower
        How many times fewer messages they send.
    """

    name: str
    title: str
    apart: bool
    variables: Mapping[str, str] = field(default_factory=dict)
    slower: int = 1


ARRANGEMENTS = {
    one.name: one
    for one in (
        Arrangement("apart", "a container a rank", apart=True),
        Arrangement("together", "both in one container", apart=False),
        Arrangement(
            "tcp",
            "a container a rank, by TCP",
            apart=True,
            # As two nodes' ranks would, through the node's own network.
            variables={"MPIR_CVAR_NOLOCAL": "1"},
            slower=8,
        ),
    )
}


@dataclass(frozen=True)
class Places:
    """The same image inside and outside.

    Attributes
    ----------
    sif, root
        The image, and its files unpacked on the host's disk.
    work
        The folder that programs see as `measure.targets.WORK`.
    """

    sif: Path
    root: Path
    work: Path

    def starts(self, arrangement: Arrangement) -> tuple[Start, Start]:
        """Return how ranks are started outside and inside."""
        variables = image_variables(container("image", self.sif, self.work))
        outside = unpacked("outside", self.root, self.work, variables)
        inside = container("inside", self.sif, self.work)
        return self._start(outside, arrangement), self._start(inside, arrangement)

    def _start(self, target: Target, arrangement: Arrangement) -> Start:
        given = [f"{name}={value}" for name, value in {**COMMON, **arrangement.variables}.items()]
        if not arrangement.apart:
            return lambda words: target.command(
                [*given, _OWN_MPIEXEC, "-n", "2", target.program, *words], program="env"
            )
        mpiexec = self._mpiexec()
        clean = ["env", "--ignore-environment", _PATH, *given, str(mpiexec), "-n", "2"]
        return lambda words: [*clean, *target.with_variables().command(words)]

    def _mpiexec(self) -> Path:
        """Return MPICH's mpiexec for the host, of the wheel that its project publishes."""
        folder = self.work / "mpich"
        if not folder.exists():
            pin = sources()[_WHEEL]
            with zipfile.ZipFile(fetch([pin])[pin]) as wheel:
                inside = f"mpich-{pin.version}.data/data/bin/"
                wheel.extractall(folder, _below(wheel.namelist(), inside))
            (folder / inside).rename(folder / "bin")
            for program in (folder / "bin").iterdir():
                program.chmod(0o755)
        return folder / "bin/mpiexec"


def _below(names: Sequence[str], folder: str) -> list[str]:
    return [name for name in names if name.startswith(folder)]
