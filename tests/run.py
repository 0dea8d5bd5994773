"""Run this checkout's tests and checks: what `make test`, `make check` and their kin call.

The host's tests run by the pytest of build/venv, those of an image by its own interpreter.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import checks
from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.engine.venv import ensure_venv
from hpcpy_common.errors import HpcpyError, UnavailableError, UsageError
from in_image import built, image_command
from upstream_results import SKIPPED, read_reports

# What the user has typed; no test's hpcpy gets it.
CALLED = os.environ.pop("HPCPY_CALLED", "tests/run.py")
# Folders of tests beside `image`, by their images.
OWN = {
    "hpcpy-sci": "image_sci",
    "hpcpy-dev": "image_dev",
    "hpcpy-spark": "image_spark",
    "sanitized": "image_sanitized",
}
# Starts a program of another architecture.
EMULATOR = ["env", f"PYTHONPATH={paths.ROOT / 'src'}", sys.executable, "-m"]
EMULATOR += ["hpcpy.engine.emulation"]
# Of `--long`: their parts come from the cache or take minutes.
OTHERS = ("plain", "hpcpy-core", *OWN)
GROUPS = (
    *("build", "apptainer", "podman-hpc", "registry", "emulator", "compilers"),
    *("measure", "verify"),
)
# A test of `make test` and its fixtures, after which it has failed; CI's longest took 93 s.
HUNG_SECONDS = 900
# In the image a test that hangs ends its worker, also within a library's code, and
# pytest-xdist names it.  On the host it fails: pytest-xdist 3.8 may wait for ever for an
# ended worker's files (its issue 1323).
IMAGE_LIMIT = (
    f"--override-ini=faulthandler_timeout={HUNG_SECONDS}",
    "--override-ini=faulthandler_exit_on_timeout=true",
)


def pytest_options(tier: str) -> list[str]:
    """Return what every run of pytest is given; of no tier, all tests run."""
    of_tier = [f"--tier={tier}"] if tier else []
    pedantic = ["--pedantic"] if os.environ.get("PEDANTIC") else []
    return ["-q", "-ra", "--durations=10", "--durations-min=10", *of_tier, *pedantic]


def host_tests(*words: str, tier: str = "short") -> int:
    # Tests of launches wait for Slurm more than they compute.
    workers = (os.cpu_count() or 1) + 2
    # A whole file to a worker: the fixtures of some load images.  In the order of their
    # names, not of their numbers of tests: so those that wait long begin first.
    by_file = (f"--numprocesses={workers}", "--dist=loadfile", "--no-loadscope-reorder")
    # A long test may take an hour.
    limit = [f"--timeout={HUNG_SECONDS}"] if tier == "short" else []
    command = [str(ensure_venv() / "bin/python"), "-m", "pytest", *pytest_options(tier)]
    return subprocess.run([*command, *by_file, *limit, *words], check=False).returncode


@contextlib.contextmanager
def beside(
    sif: Path, folder: str, tier: str, output: IO[bytes] | None = None, *, is_emulated: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Have a folder of tests run in an image; they end with this context."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-test.") as scratch:
        Path(scratch).chmod(0o1777)
        # -u: root of a user namespace may not mount a SIF as root may.
        emulator, options = (EMULATOR, ["-u"]) if is_emulated else ([], [])
        command = [
            *emulator,
            *image_command(ensure("apptainer")["apptainer"].path, sif, Path(scratch), *options),
            *("python3", "-m", "pytest", *pytest_options(tier), "-p", "no:cacheprovider"),
            *(["--emulated"] if is_emulated else ()),
            *(IMAGE_LIMIT if tier == "short" else ()),
            *("--rootdir=/tests", "--strict-markers", "--numprocesses=auto", "--dist=worksteal"),
            f"/tests/{folder}",
        ]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def image_tests(image: str, *folders: str, tier: str = "short") -> int:
    """Run folders of tests in an image; return the last exit code that is not 0."""
    sif = built(image)
    code = 0
    for folder in folders:
        print(f"\n== {folder} in {image}", flush=True)
        with beside(sif, folder, tier) as process:
            code = process.wait() or code
    return code


def emulated_tests(image: str, arch: str) -> int:
    """Run what tests/emulated.toml chooses in an image for another architecture, by QEMU."""
    sif = built(image, arch=arch)
    with beside(sif, "image", "short", is_emulated=True) as process:
        code = process.wait()
    return host_tests("tests/launch/test_aarch64.py") or code


def tests(tier: str) -> int:
    """Run one of the two tiers: the host's and launch tests, those in the image beside them."""
    paths.refuse_blanks("make test starts Slurm, which", paths.ROOT)
    # Only root can make a cluster; others' tests use one that runs.
    ensure(*GROUPS, *(["cluster", "storm"] if os.geteuid() == 0 else []))
    sif = built()
    if tier == "long":
        # Tests move what is baked on hpcpy to the first, and use the others.
        built("hpcpy-core", "oci")
        for image in ("hpcpy-dev", "hpcpy-spark"):
            built(image)
    # The launch tests wait for half of their time, those in the image compute.
    with tempfile.TemporaryFile() as output, beside(sif, "image", tier, output) as process:
        print("\n== host and launch tests", flush=True)
        codes = [host_tests("tests/launch", "tests/unit", tier=tier)]
        print("\n== image in hpcpy", flush=True)
        codes.append(process.wait())
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    if tier == "long":
        codes += [image_tests(image, *folders_of(image)) for image in OTHERS]
    return int(any(codes))


def folders_of(image: str) -> list[str]:
    return ["image", *([OWN[image]] if image in OWN else [])]


def cuda_tests() -> int:
    """Run what can be tested of hpcpy-cuda without a GPU, and the image's own test."""
    code = image_tests("hpcpy-cuda", "image_cuda", tier="")
    apptainer = ensure("apptainer")["apptainer"].path
    own = subprocess.run([apptainer, "test", paths.BUILD / "hpcpy-cuda.sif"], check=False)
    return code or own.returncode


def gpu_tests(on: str) -> int:
    """Check every row for a GPU, then time them; build/gpu has the checks and the times.

    In hpcpy-cuda with the host's driver, or without a container: by this machine's own
    Python ("here"), or by one that has the workloads, such as build/hpcpy-python-full.
    """
    out = paths.BUILD / "gpu"
    out.mkdir(parents=True, exist_ok=True)
    if on:
        # Its link in a virtual environment stays a link.
        enter, at, to = [str(Path(on).absolute())], "tests", str(out)
        if on == "here":
            enter = [sys.executable]
            os.environ["PYTHONPATH"] = str(paths.ROOT / "src")
        elif not os.access(on, os.X_OK):
            raise UsageError(f"ON={on}: no program is there", hint="make standalone IMAGE=hpcpy")
    else:
        binds = [f"--bind={paths.ROOT / 'tests'}:/tests:ro", f"--bind={out}:/out"]
        sif = str(built("hpcpy-cuda"))
        start = [
            str(ensure("apptainer")["apptainer"].path),
            "exec",
            "--nv",
            "--contain",
            "--cleanenv",
        ]
        enter = [*start, "--no-home", "--pwd=/", *binds, sif, "python3"]
        at, to = "/tests", "/out"
    options = [*pytest_options(""), "-p", "no:cacheprovider", "--strict-markers"]
    report = [f"--rootdir={at}", f"--junit-xml={to}/checks.xml", f"{at}/gpu"]
    code = subprocess.run([*enter, "-m", "pytest", *options, *report], check=False).returncode
    outcomes = read_reports([out / "checks.xml"]).values()
    if all(one.status == SKIPPED for one in outcomes):
        why = "no check could run here: see build/gpu/checks.xml"
        raise UnavailableError(why, hint="run it on a GPU node")
    return subprocess.run([*enter, f"{at}/gpu/times.py", to], check=False).returncode or code


def check() -> int:
    """Run lint, types and host tests; the first that finds something ends it."""
    programs = ensure_venv() / "bin"
    for program, *words in checks.commands():
        print("==", *[program, *words][:4], flush=True)
        if code := subprocess.run([programs / program, *words], check=False).returncode:
            return code
    # `make test-long` has a minute of random inputs.
    return host_tests("tests/unit", "--ignore-glob=*/test_fuzz_*")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--long", action="store_true", help="the tests that take long")
    which.add_argument("--image", metavar="NAME", help="only the tests inside of this image")
    which.add_argument("--cuda", action="store_true", help="those of hpcpy-cuda without a GPU")
    which.add_argument("--gpu", action="store_true", help="every GPU row, checked and timed")
    which.add_argument("--check", action="store_true", help="lint, types and host tests")
    help_ = "start the Python of a venv: dev -m pytest …"
    which.add_argument("--python", nargs=argparse.REMAINDER, metavar="VENV", help=help_)
    parser.add_argument("--arch", metavar="ARCH", help="in hpcpy or --image for it, by QEMU")
    help_ = "with --gpu: without a container, by this Python (here) or by another one"
    parser.add_argument("--on", default="", metavar="PYTHON", help=help_)
    options = parser.parse_args()
    paths.check_root()
    os.chdir(paths.ROOT)
    if options.python:
        name, *words = options.python
        return subprocess.run([ensure_venv(name) / "bin/python", *words], check=False).returncode
    if options.arch:
        return emulated_tests(options.image or "hpcpy", options.arch)
    if options.image:
        return image_tests(options.image, *folders_of(options.image))
    if options.cuda:
        return cuda_tests()
    if options.gpu:
        return gpu_tests(options.on)
    return check() if options.check else tests("long" if options.long else "short")


if __name__ == "__main__":
    # As an exception, so that temporary files go and child processes end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except HpcpyError as error:
        print(f"{CALLED}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except subprocess.CalledProcessError as error:  # of a build, which has said why
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
