"""HPCPY_PREFLIGHT for programs that are started as usual: the check comes with MPI.

The interpreter's importer calls `install` when mpi4py is imported and the
variable is set; the check follows the import of ``mpi4py.MPI``.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from hpcpy_common import ranks
from hpcpy_common.errors import UsageError
from hpcpy_job.doctor import process
from hpcpy_job.doctor.node import World
from hpcpy_job.preflight import check, mode

_MODULE = "mpi4py.MPI"


def install() -> None:
    """Have the job checked after the import of MPI."""
    try:
        how = mode()
    except UsageError as error:
        ranks.print_error("preflight", error)
        sys.exit(error.exit_code)
    if how != "off" and _MODULE not in sys.modules:
        sys.meta_path.insert(0, _Hook(how))


class _Hook(MetaPathFinder, Loader):
    """Finds MPI's module once, loads it by its own loader, and checks the job."""

    def __init__(self, how: str) -> None:
        self._how = how

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            self._real, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._real
        before = process.open_files()
        self._real.exec_module(module)
        # A program that starts MPI by itself is left alone.
        if module.Is_initialized():
            opened = process.open_files() - before
            if code := check(self._how, {}, World(module.COMM_WORLD, opened=opened)):
                sys.exit(code)
