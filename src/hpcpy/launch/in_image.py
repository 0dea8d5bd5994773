"""``hpcpy batch`` within the image: a script for sbatch, without a checkout."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from hpcpy.core.errors import HpcpyError, UsageError
from hpcpy.core.parser import Parser
from hpcpy.launch import settings
from hpcpy.launch.checks import check_image, check_script, named_image
from hpcpy.launch.options import Request, add_options, add_program, read_request
from hpcpy.launch.plan import HostFacts, at_site, check_request, plan_launch
from hpcpy.launch.shell import batch_script, show
from hpcpy.launch.site import find_site, site_names


def main(words: list[str]) -> int:
    """Print the script that the words ask for; return the exit code: 0, or the error's."""
    parser = Parser(
        prog="hpcpy batch",
        description="Print a script for sbatch that runs your program in this image: "
        "hpcpy batch --nodes 2 --tasks 8 -- my.py --its options > job.sh",
        epilog=f"Sites: {', '.join(site_names())}. The image is by default the SIF that this runs "
        "in. All other commands need a checkout: ./hpcpy --help",
    )
    add_options(parser)
    add_program(parser)
    if not words or words[0] in ("-h", "--help"):
        parser.print_help()
        return 0 if words else 2
    try:
        if words[0] == "site":
            return _settings(words[1:])
        if words[0] != "batch":
            raise UsageError(
                "only `batch` and `site` work without a checkout",
                hint="in a checkout: ./hpcpy --help",
            )
        request = read_request(parser.parse_args(words[1:]))
        show(script(request), is_result=not request.dry)
    except HpcpyError as error:
        print(f"hpcpy {words[0]}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _settings(words: list[str]) -> int:
    parser = Parser(prog="hpcpy site")
    settings.declare(parser)
    return settings.main(parser.parse_args(words))


def script(request: Request) -> str:
    """Return the script for a request."""
    if request.script not in ("", "-"):
        raise UsageError("SCRIPT: the script goes to standard output", hint="hpcpy batch … > FILE")
    running = os.environ.get("APPTAINER_CONTAINER", "")
    site = find_site(request.site, request.image or running)
    if (request.engine or site.engine) == "apptainer" and running and not request.image:
        request = replace(request, image=running)
    request = at_site(request, site)
    for remark in check_script(request, "in this container"):
        print(f"hpcpy batch: {remark}", file=sys.stderr)
    check_request(request, site, 0)
    engine, image = request.engine, named_image(request)
    if not image:
        example = "/shared/hpcpy-python" if engine == "standalone" else "registry.example.org/…"
        raise UsageError(f"{engine} needs the image's name", hint=f"IMAGE={example}")
    check_image(request.image, engine, is_staged=request.stage, is_here=False)
    is_checked = os.environ.get("HPCPY_PREFLIGHT") != "off"
    facts = HostFacts(str(Path.cwd()), engine, image, is_checked=is_checked, is_whole=True)
    return batch_script(plan_launch(request, site, facts, is_batch=True))
