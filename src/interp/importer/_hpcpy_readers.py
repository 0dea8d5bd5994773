"""Modules that open the library's files by their paths, where the executable has them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# Of Debian, RHEL and its like, SUSE, Alpine.
_CERTIFICATES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"),
    *("/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"),
)


def after(module: ModuleType) -> None:
    """Let a module, just executed, find what it would look for in folders."""
    _PREPARE[module.__name__](module)


def _pathfinder(module: ModuleType) -> None:
    # Where it starts another Python: site-packages, which it does not need there.
    module.DYNAMIC_LIB_SUBPROCESS_CWD = "/"  # type: ignore[attr-defined]


def _pip(_: ModuleType) -> None:
    # There is no folder to install into but a virtual environment's.
    if sys.prefix == sys.base_prefix:
        os.environ.setdefault("PIP_REQUIRE_VIRTUALENV", "1")


def _ssl(module: ModuleType) -> None:
    # OpenSSL knows Debian's place alone.
    known = module.get_default_verify_paths()
    if known.cafile or known.capath or known.openssl_cafile_env in os.environ:
        return
    found = next((file for file in _CERTIFICATES if os.path.exists(file)), None)
    if found is None:
        return
    context = module.SSLContext
    stock = context.set_default_verify_paths

    def set_default_verify_paths(self: Any) -> None:
        stock(self)
        self.load_verify_locations(found)

    context.set_default_verify_paths = set_default_verify_paths


def _viztracer(module: ModuleType) -> None:
    module.open = _open  # type: ignore[attr-defined]


def _open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    from _hpcpy_files import index  # noqa: PLC0415
    from _hpcpy_resources import Resource  # noqa: PLC0415

    if isinstance(file, str) and file in index:
        return Resource(file).open(mode, *args, **kwargs)
    return open(file, mode, *args, **kwargs)


_PREPARE: dict[str, Callable[[ModuleType], None]] = {
    "cuda.pathfinder._dynamic_libs.subprocess_protocol": _pathfinder,
    "pip": _pip,
    "ssl": _ssl,
    "viztracer.report_builder": _viztracer,
}
