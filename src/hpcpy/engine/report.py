"""What `make setup` prints: the tools, the machine, what to type."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from hpcpy.engine.capabilities import Capability, all_capabilities
from hpcpy.engine.tools import GROUPS, TOOLS, Found


def as_table(found: Mapping[str, Found], groups: Iterable[str]) -> str:
    """Return the tools and capabilities as text for a terminal.

    Parameters
    ----------
    found
        The usable tools by program.
    groups
        Those that were asked for; others' missing tools are optional.
    """
    wanted = set(groups)
    lines = [f"{'TOOL':17} {'VERSION':9} {'FROM':12} PATH"]
    for tool in TOOLS:
        one = found.get(tool.program)
        if one:
            lines.append(f"{tool.program:17} {one.version!s:9} {one.origin:12} {one.path}")
        else:
            options = [group for group in tool.groups if group not in wanted]
            where = "" if wanted & set(tool.groups) else f"; make setup TOOLS={options[0]} gets it"
            lines.append(f"{tool.program:17} {'–':9} {'–':12} ({tool.why}{where})")
    lines += ["", f"{'MACHINE':22} FOUND"]
    for capability in all_capabilities():
        lines += _capability_lines(capability)
    return "\n".join(lines)


def _capability_lines(capability: Capability) -> list[str]:
    mark = "yes" if capability.there else "no"
    lines = [f"{capability.name:22} {mark}: {capability.detail}"]
    if not capability.there:
        lines.append(f"{'':22}   without it: {capability.without}")
    if not capability.there and capability.remedy:
        lines.append(f"{'':22}   an administrator would type: {capability.remedy}")
    return lines


def as_json(found: Mapping[str, Found]) -> str:
    """Return the same as JSON, for programs."""
    tools = {
        tool.program: {
            "minimum": str(tool.minimum),
            "groups": list(tool.groups),
            "package": tool.package,
            "version": str(one.version) if (one := found.get(tool.program)) else None,
            "origin": one.origin if one else None,
            "path": str(one.path) if one else None,
        }
        for tool in TOOLS
    }
    machine = {
        one.name: {
            "there": one.there,
            "detail": one.detail,
            "without": None if one.there else one.without,
            "remedy": None if one.there else one.remedy,
        }
        for one in all_capabilities()
    }
    return json.dumps({"groups": list(GROUPS), "tools": tools, "machine": machine}, indent=2)
