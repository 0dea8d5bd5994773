"""``python3 -m hpcpy COMMAND``: what the Makefile calls."""

from __future__ import annotations

import importlib
import os
import signal
import sys

from hpcpy.errors import HpcpyError

# command -> (module with `main(arguments) -> exit code`, what it does)
COMMANDS = {
    "setup": ("hpcpy.engine.setup", "provide Apptainer, buildah and the tools a build needs"),
    "fetch": ("hpcpy.fetch.command", "download and verify every pinned source, wheel and package"),
    "lock": ("hpcpy.lock.command", "resolve the pins anew and say what moved"),
    "build": ("hpcpy.build.command", "build images: hpcpy build oci|sif [IMAGE]"),
    "context": ("hpcpy.build.context", "write an image's complete build context"),
    "size": ("hpcpy.build.size", "tell what an image is made of"),
    "sbom": ("hpcpy.build.sbom", "write an image's bill of materials, as SPDX"),
    "verify": ("hpcpy.build.verify", "build all again elsewhere and compare the bytes"),
    "push": ("hpcpy.build.push", "send the OCI image to a registry"),
    "run": ("hpcpy.launch.run", "run the main job in the image"),
    "cluster": ("hpcpy.cluster.command", "start a Slurm of two nodes here, or --stop it"),
    "launch": ("hpcpy.launch.command", "run a workload over several nodes, by srun"),
    "batch": ("hpcpy.launch.batch", "write the same as a script for sbatch"),
    "check": ("hpcpy.check", "lint, types and host tests"),
    "test": ("hpcpy.test", "run the tests in the image and of the launch"),
    "test-cuda": ("hpcpy.cuda", "run the tests of hpcpy-cuda that need no GPU"),
    "test-gpu": ("hpcpy.gpu", "run every GPU row with its answer checked, on a GPU"),
    "test-upstream": ("hpcpy.upstream.command", "run the packages' own tests in the images"),
    "test-packages": ("hpcpy.packages.command", "use packages of PyPI in venvs on the images"),
    "bench": ("hpcpy.measure.command", "measure: hpcpy bench startup|bake|overhead"),
    "clean-cache": ("hpcpy.clean", "shrink the cache to a number of GiB, oldest first"),
}


def _usage() -> str:
    rows = [f"  {name:13} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python3 -m hpcpy COMMAND [ARGUMENT …]", "", *rows])


def main(arguments: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        The command's name and its arguments.

    Returns
    -------
    int
        The exit code: 0, or the error's (`hpcpy.errors`), or 130 for Ctrl-C.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"hpcpy: unknown command {name!r}; one of: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    # The path that found this package is none for what it starts: an image
    # would take its own `workloads` from there.
    os.environ.pop("PYTHONPATH", None)
    # SIGTERM as an exception: temporary files go and child processes end,
    # as at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        command = importlib.import_module(COMMANDS[name][0])
        return int(command.main(rest))
    except HpcpyError as error:
        print(f"hpcpy {name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"hpcpy {name}: stopped; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
        # What was to be done is done: while Python ends, Ctrl-C would kill it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = 130
    # CPython before 3.14 ends by SIGINT when a Ctrl-C came within the exec of a
    # string, as dataclass has one, also where it was caught; the next exec forgets it.
    exec("")  # noqa: S102
    sys.exit(code)
