"""How rows are shared out among workers."""

from __future__ import annotations

# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def groups(height: int, width: int, workers: int, each: int = _GROUPS) -> list[slice]:
    """Cut rows into about `each` slices a worker, to be dealt out to workers as they ask."""
    length = max(1, min(-(-height // (each * workers)), _GROUP_BYTES // (4 * width)))
    return [slice(first, min(first + length, height)) for first in range(0, height, length)]
