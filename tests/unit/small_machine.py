"""Machines made of folders, for the doctor's checks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpcpy_job.doctor.checks import Finding
from hpcpy_job.doctor.node import Node

Files = dict[str, str | None]
Machine = Callable[..., Node]


def maker(root: Path) -> Machine:
    """Return a function that makes a node of texts by path; None in place of a text is a folder."""

    def make(files: Files, **more: object) -> Node:
        for name, text in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_text(text)
        given: dict[str, Any] = {"root": root, "environ": {}, "deep": False, **more}
        return Node(**given)

    return make


def named(findings: list[Finding], name: str) -> Finding:
    (found,) = [finding for finding in findings if finding.name == name]
    return found
