"""CITATION.cff and the forge's files name what there is; `make check` has their schemas."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from makefile import targets

from hpcpy.version import project_version

ROOT = Path(__file__).resolve().parents[2]
FORGE = sorted((ROOT / ".github").rglob("*.yml"))
WORKFLOWS = [path for path in FORGE if path.parent.name == "workflows"]


TESTS = re.compile(r"`((?:image|launch|unit)/test_\w+\.py)`")


def load(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(path.read_text()))


def test_citation_is_of_this_version_and_licence() -> None:
    citation = load(ROOT / "CITATION.cff")
    assert str(citation["version"]) == project_version()
    assert f'license = "{citation["license"]}"' in (ROOT / "pyproject.toml").read_text()
    # The readme's first line.
    assert (ROOT / "README.md").read_text().startswith(f"# {citation['title']}\n")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_targets_that_there_are_by_clean_shell(workflow: Path) -> None:
    text = workflow.read_text()
    assert text.startswith("# Untested: no forge has run this file.")
    jobs = load(workflow)["jobs"]
    scripts = []
    for job in jobs.values():
        assert job["runs-on"]
        assert set(job.get("needs", "").split()) <= set(jobs)
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            scripts += [step["run"]] if "run" in step else []
    called = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(scripts)))
    # `apt-get install … make python3` is no call.
    assert called - {"python"} <= targets()
    assert {"check", "sif", "test", "push", "release"} <= called
    shellcheck = Path(sys.executable).with_name("shellcheck")
    found = shellcheck if shellcheck.exists() else shutil.which("shellcheck")
    if not found:
        pytest.skip("no shellcheck here; make check runs this with its own")
    for script in scripts:
        done = subprocess.run(
            [found, "--shell=sh", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_the_tests_that_security_names_are_there() -> None:
    named = TESTS.findall((ROOT / "SECURITY.md").read_text())
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []
