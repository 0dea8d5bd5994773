"""Load MPI without starting it, and see which library it is."""

from __future__ import annotations

import json

from workloads.doctor import mpi_library


def load() -> dict[str, object]:
    """Return which library mpi4py finds, or why none."""
    try:
        import mpi4py  # noqa: PLC0415

        mpi4py.rc.initialize = False
        from mpi4py import MPI  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        return {"problem": str(error).splitlines()[0]}
    return {"library": mpi_library.describe(MPI)}


if __name__ == "__main__":
    print(json.dumps(load()))
