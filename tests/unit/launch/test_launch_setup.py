"""A site's lines of shell: one that fails, or ends the script, is an error that names it."""

import os
from pathlib import Path

import pytest
from requested import requested

from hpcpy.launch.kernelspec import kernel_spec
from hpcpy.launch.layers import find_site
from hpcpy.launch.modulefile import own_script
from hpcpy.launch.options import Request
from hpcpy.launch.plan import plan_launch
from hpcpy.launch.running import completed
from hpcpy.launch.shell import HostFacts, batch_script, launch_script
from hpcpy.launch.site import Site
from running import Done, executable, run

KINDS = ["launch", "batch", "module", "kernel"]
FAILS = [
    "exit 0",
    "false",
    "echo hi; exit 3",
    "test -d /no/such || exit 0",
    ". ./ends",
    "set -u; $X",
    "return",
    "trap 'echo hi' EXIT; exit 0",
    "exec true",
    "command exec true",
    r"trap 'echo hi' EXIT; \exit 0",
    "if true; then exec -a x sh -c 'echo hi'; fi",
    ". ./replaces",
    "f() { exec no-such; }; f",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("srun", "image"):
        executable(tmp_path / name, "#!/bin/sh\necho ran\n")
    (tmp_path / "ends").write_text("exit 4\n")
    (tmp_path / "replaces").write_text("test -d /no/such || exec true\n")
    return tmp_path


def ran(folder: Path, script: str) -> Done:
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    return run("bash", "-s", env=env, cwd=folder, input=script)


def script_of(kind: str, site: Site, image: Path) -> str:
    if kind == "kernel":
        host = HostFacts("", str(image), "its.sif")
        argv = kernel_spec(Request(engine="apptainer"), site, host, "")["argv"]
        assert isinstance(argv, list)
        return str(argv[2])
    if kind == "module":
        return own_script(str(image), site)
    request = completed(requested("--engine=none"), site)
    facts = HostFacts(str(image.parent), "", str(image), 1)
    plan = plan_launch(request, site, facts, is_batch=kind == "batch")
    return batch_script(plan) if kind == "batch" else launch_script(plan)


def of_file(folder: Path, *lines: str) -> Site:
    file = folder / "its site.toml"
    file.write_text(f"summary = 's'\nsetup = {list(lines)}\n")
    return find_site(str(file))


@pytest.mark.parametrize("line", FAILS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_line_that_fails_or_ends_the_script_is_named(folder: Path, kind: str, line: str) -> None:
    site = of_file(folder, "true", line, "echo not reached")
    done = ran(folder, script_of(kind, site, folder / "image"))
    assert (done.returncode, done.stdout.replace("hi\n", "")) == (69, "")
    named = f"hpcpy: setup of {folder}/its site.toml failed: {line}"
    assert done.stderr.splitlines()[-1] == named


@pytest.mark.parametrize("kind", KINDS)
def test_lines_that_do_not_fail_change_no_end(folder: Path, kind: str) -> None:
    lines = ("(exit 3); true # why", "set -u", "[ ${X:-} ] || true", "exit=3;", "true &")
    opens = ("exec", "exec 3>&1", "exec {fd}>&3 2>&1", "(exec false); X=$(exec true; exit)", "cat")
    site = of_file(folder, *lines, *opens)
    done = ran(folder, script_of(kind, site, folder / "image"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_a_module_that_is_not_there_is_named(folder: Path) -> None:
    site = Site("x", modules=("no-such",), files={"modules": "/etc/hpcpy/site.toml"})
    script = "module() { echo none >&2; return 1; }\n" + script_of("launch", site, folder / "image")
    done = ran(folder, script)
    said = "none\nhpcpy: setup of /etc/hpcpy/site.toml failed: module load no-such\n"
    assert (done.returncode, done.stdout, done.stderr) == (69, "", said)
