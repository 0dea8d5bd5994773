"""Packages that scientists use, each in a virtual environment on two images, and baked.

`make test-packages` runs it. A package has to print the same on hpcpy as on the wheels' Python.
"""

import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import Artifact, host_arch, wheels
from in_image import built, image_command
from locked_packages import wheels_for
from running import run

PROGRAMS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("programs.toml").read_text(encoding="utf-8")
)
SECONDS = 900
# Both as the image sees them.
TMP, VENV = "/tmp", "/tmp/venv"  # noqa: S108
MAKE = f"""
python3 -m venv --system-site-packages {VENV}
[ $# = 0 ] || {VENV}/bin/python -m pip --quiet install --no-index --no-deps --no-compile "$@"
"""
BAKE = 'python3 -m hpcpy_bake --quiet --no-index --no-deps "$@" >&2'


@pytest.fixture(scope="session")
def sifs() -> list[Path]:
    return [built("hpcpy"), built("wheels")]


@pytest.fixture(scope="session")
def unpacked(sifs: list[Path]) -> Iterator[Path]:
    """Give the image as a folder, of which each bake has a copy by hard links."""
    with tempfile.TemporaryDirectory(prefix="packages.", dir=paths.BUILD) as name:
        folder = Path(name, "root")
        run(
            ensure("apptainer")["apptainer"].path, "build", "--sandbox", folder, sifs[0], check=True
        )
        yield folder


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.heavy if program.get("heavy") else ())
        for name, program in PROGRAMS.items()
    ],
)
def test_package(name: str, sifs: list[Path], unpacked: Path) -> None:
    requires = PROGRAMS[name].get("requires", [name])
    every = wheels_for(requires)
    # What both images have is not installed.
    in_images = {(one.name, one.version) for one in wheels("image", host_arch())}
    wanted = [one for one in every if (one.name, one.version) not in in_images]
    (here, why, size), (there, why_there, _) = (
        used(PROGRAMS[name]["use"], wanted, sif) for sif in sifs
    )
    # What docs/results/packages.json has of it.
    print(f'\n  "{name}": {size / 1e6:.0f},')
    if why_there:
        pytest.skip(f"fails with the wheels' Python: {why_there}; here: {why or here}")
    assert (here, why) == (there, "")
    if wanted:
        assert used(PROGRAMS[name]["use"], wanted, unpacked, bake=True)[:2] == (there, "")


def used(
    program: str, wanted: Sequence[Artifact], image: Path, *, bake: bool = False
) -> tuple[str, str, int]:
    """Use wheels in a venv on an image, or baked into it.

    Returns the output, the last line of errors, and the bytes of the venv.
    """
    # Some have gigabytes, and /tmp is memory on many machines.
    paths.BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="packages.", dir=paths.BUILD, ignore_cleanup_errors=True
    ) as name:
        scratch, root = Path(name, "tmp"), Path(name, "root")
        scratch.mkdir()
        scratch.chmod(0o1777)
        Path(name).chmod(0o755)
        files = [Path(shutil.copy(path, scratch)) for path in fetch(wanted).values()]
        (scratch / "use.py").write_text(program, encoding="utf-8")
        names = [f"{TMP}/{file.name}" for file in files]
        apptainer = ensure("apptainer")["apptainer"].path
        if bake:
            run("cp", "-al", image, root, check=True)
            image, make, python = root, BAKE, "python3"
            start = [str(apptainer), "exec", "--writable", "--contain", "--no-home", "--pwd=/"]
            start += [f"--bind={scratch}:{TMP}", str(root)]
        else:
            make, python = MAKE, f"{VENV}/bin/python"
            start = [*image_command(apptainer, image, scratch), f"HOME={TMP}"]
        _, why = ran([*start, "sh", "-ec", make, "sh", *names])
        if why:
            return "", f"not installed: {why}", 0
        size = sum(path.lstat().st_blocks * 512 for path in (scratch / "venv").rglob("*"))
        start = [*image_command(apptainer, image, scratch), f"HOME={TMP}"]
        output, why = ran([*start, python, f"{TMP}/use.py"])
        return output, why, size


def ran(command: list[str]) -> tuple[str, str]:
    """Run a program; return what it printed, and the last line of its errors if it failed."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"stopped after {SECONDS} s"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return done.stdout, lines[-1] if done.returncode else ""
