"""``hpcpy test``: the host's tests, the launch tests, those in the image."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.engine.setup import ensure
from hpcpy.testing.beside import beside
from hpcpy.testing.check import HUNG_SECONDS, host_tests, pytest_options

# Folders of tests beside `image` by their images.
_OWN = {
    "hpcpy-sci": "image_sci",
    "hpcpy-dev": "image_dev",
    "hpcpy-spark": "image_spark",
    "sanitized": "image_sanitized",
}
# Of `--long`, built if need be: their parts come from the cache or take minutes.
_OTHERS = ("plain", "hpcpy-core", "hpcpy-sci", "hpcpy-dev", "hpcpy-spark", "sanitized")
# Also of `--long`: tests move what is baked on hpcpy to the first of these images, run in
# hpcpy what hpcpy-dev compiles, and start hpcpy-spark on a cluster of its own.
_SECOND_BASE = "hpcpy-core"
_BESIDE = ("hpcpy-dev", "hpcpy-spark")
# A test that hangs ends its worker, also within a library's code; pytest-xdist names the
# test, and goes on with another worker.
LIMIT = (
    f"--override-ini=faulthandler_timeout={HUNG_SECONDS}",
    "--override-ini=faulthandler_exit_on_timeout=true",
)
# "nobody" on every Linux: no home, no right to anything.
_STRANGER = 65534


def image_command(apptainer: Path, sif: Path, scratch: Path) -> list[str]:
    """Return the command that the image's tests run under.

    Read-only image, a user that is not root, no network, a home that cannot
    be written, none of the host's variables; only /tmp can be written.

    Parameters
    ----------
    apptainer
        The program.
    sif
        The image.
    scratch
        A folder that becomes /tmp; Apptainer's own would hold 64 MB.
    """
    as_stranger = (
        [f"--security=uid:{_STRANGER}", f"--security=gid:{_STRANGER}"] if os.geteuid() == 0 else []
    )
    return [
        *(str(apptainer), "exec", *as_stranger, "--contain", "--cleanenv"),
        *("--net", "--network=none", "--no-home", "--pwd=/"),
        f"--bind={scratch}:/tmp",
        f"--bind={paths.ROOT / 'tests'}:/tests:ro",
        str(sif),
        *("env", "HOME=/nonexistent"),
    ]


@contextlib.contextmanager
def pytest_in(
    sif: Path, folder: str = "image", tier: str = "short", faults: Path | None = None
) -> Iterator[list[str]]:
    """Give the command that runs a folder of ``tests`` by the image's own interpreter.

    Parameters
    ----------
    sif
        The image.
    folder
        Of ``tests``.
    tier
        As for `hpcpy.testing.check.pytest_options`.
    faults
        With it tests of faults alone run, and what came of them is here at the end.

    Yields
    ------
    list of str
        The command.  Its scratch folder, the only one that it can write, lives as long
        as this context.
    """
    with tempfile.TemporaryDirectory(prefix="hpcpy-test.") as scratch:
        Path(scratch).chmod(0o1777)
        report = ["--faults=/tmp/faults.json"] if faults else []
        yield [
            *image_command(ensure("apptainer").apptainer, sif, Path(scratch)),
            *("python3", "-m", "pytest", *pytest_options(tier), "-p", "no:cacheprovider"),
            *(LIMIT if tier == "short" else ()),
            *("--rootdir=/tests", "--strict-markers", "--numprocesses=auto", "--dist=worksteal"),
            *report,
            f"/tests/{folder}",
        ]
        if faults and Path(scratch, "faults.json").exists():
            shutil.copyfile(Path(scratch, "faults.json"), faults)


def image_tests(sif: Path, folder: str = "image", tier: str = "short") -> int:
    """Run what `pytest_in` gives, and return pytest's exit code."""
    with pytest_in(sif, folder, tier) as command:
        return subprocess.run(command, check=False).returncode


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", metavar="IMAGE", help="run only the tests inside of this image")
    help_ = "run only the long tests: sweeps, storms, browsers, other images"
    which.add_argument("--long", action="store_true", help=help_)


def main(options: argparse.Namespace) -> int:
    """Build what is missing and run one of the two tiers of tests.

    Returns
    -------
    int
        0 when all passed, 1 otherwise: each group runs whatever the others
        did.
    """
    if options.image:
        return _tests_of(options.image)
    sif = prepared()
    if options.long:
        have("oci", _SECOND_BASE)
        for image in _BESIDE:
            have("sif", image)
    tier = "long" if options.long else "short"
    # The launch tests wait for half of their time, those in the image compute.
    with pytest_in(sif, tier=tier) as command, beside(command) as show_image_tests:
        runs = (
            ("host and launch tests", partial(host_tests, "tests/launch", "tests/unit", tier=tier)),
            ("tests in the image", show_image_tests),
        )
        failed = [title for title, run in runs if _titled(title, run)]
    if options.long:
        others = ((f"tests of the image {name}", partial(_tests_of, name)) for name in _OTHERS)
        failed += [title for title, run in others if _titled(title, run)]
    if failed:
        print(f"hpcpy test: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def prepared() -> Path:
    """Have all that the tests start, so that none is skipped for want of it.

    Returns
    -------
    Path
        The image.

    Raises
    ------
    HpcpyError
        Where something is not to be had.
    """
    paths.refuse_blanks("make test starts Slurm, which")
    # Only root can make a cluster; others' tests use one that runs.
    cluster = ["cluster", "storm"] if os.geteuid() == 0 else []
    tests = ["podman-hpc", "registry", "emulator", "compilers", "measure", "clock"]
    ensure("build", "apptainer", *tests, *cluster)
    return have("sif")[0]


def _tests_of(image: str) -> int:
    sif, _, _ = have("sif", image)
    # What it has over hpcpy; hpcpy-cuda's wait for `hpcpy test-cuda`.
    own = _OWN.get(image)
    failed = [folder for folder in ("image", own) if folder and image_tests(sif, folder)]
    return 1 if failed else 0


def _titled(title: str, run: Callable[[], int]) -> int:
    print(f"\n== {title}", flush=True)
    return run()
