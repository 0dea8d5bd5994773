"""Gives hatchling the files of the tool's wheel (pyproject.toml)."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Files(BuildHookInterface[Any]):
    """Takes the list that images and the one file have, too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; a development install has those of src."""
        if version == "standard":
            sys.path.insert(0, f"{self.root}/src")
            from hpcpy.images.own_command import wheel  # noqa: PLC0415

            build_data["force_include"] = {str(path): name for name, path in wheel().items()}
