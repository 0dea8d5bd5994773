"""Start MPI as the only rank, and see which fabric it takes."""

from __future__ import annotations

import json

from workloads.doctor import fabric_use, maps


def alone() -> dict[str, object]:
    """Return what MPI has opened at its start, or why it cannot start."""
    try:
        import mpi4py  # noqa: PLC0415

        mpi4py.rc.initialize = False
        from mpi4py import MPI  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        return {"problem": str(error).splitlines()[0]}
    before = maps.open_files()
    MPI.Init()
    opened = maps.open_files() - before
    found = fabric_use.evidence(opened, maps.of_this_process())
    offered = fabric_use.offered_by_libfabric()
    MPI.Finalize()
    return {**found, "offered": offered}


if __name__ == "__main__":
    # On a line of its own, whatever MPI has printed.
    print(f"\n{json.dumps(alone())}")
