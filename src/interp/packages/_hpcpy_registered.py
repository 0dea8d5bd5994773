"""Make our finders and loader known to modules that go by an object's very class."""

from __future__ import annotations

from _hpcpy_folders import Loader, PathEntryFinder
from _hpcpy_importer import UserFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def after(module: ModuleType) -> None:
    """Register them with a module that has just been executed."""
    if module.__name__ == "pkgutil":
        module.iter_importer_modules.register(PathEntryFinder, PathEntryFinder.iter_modules)
        return
    # distlib's register_finder wants an instance.
    for kind in (Loader, PathEntryFinder, UserFolder):
        module._finder_registry[kind] = module.ResourceFinder
