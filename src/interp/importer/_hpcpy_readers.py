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
_IMAGE = "share/hpcpy/image.json"


def after(module: ModuleType) -> None:
    """Let a module, just executed, find what it would look for in folders."""
    _PREPARE[module.__name__](module)


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


def _venv(module: ModuleType) -> None:
    builder = module.EnvBuilder

    def setup_scripts(self: Any, context: Any) -> None:
        """Write the scripts that activate the environment."""
        import tempfile  # noqa: PLC0415

        from _hpcpy_files import below, read  # noqa: PLC0415

        scripts = os.path.join(os.path.dirname(module.__file__ or ""), "scripts")
        with tempfile.TemporaryDirectory() as folder:
            for path in below(scripts):
                copy = folder + path.removeprefix(scripts)
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                with open(copy, "wb") as file:
                    file.write(read(path))
            self.install_scripts(context, folder)

    builder.setup_scripts = setup_scripts


def _viztracer(module: ModuleType) -> None:
    module.open = _open  # type: ignore[attr-defined]


def _open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    from _hpcpy_files import index  # noqa: PLC0415
    from _hpcpy_resources import Resource  # noqa: PLC0415

    if isinstance(file, str) and file in index:
        return Resource(file).open(mode, *args, **kwargs)
    return open(file, mode, *args, **kwargs)


def _version(module: ModuleType) -> None:
    from _hpcpy_resources import Resource  # noqa: PLC0415

    module._IMAGE = Resource(f"{sys.base_prefix}/{_IMAGE}")  # type: ignore[attr-defined]


_PREPARE: dict[str, Callable[[ModuleType], None]] = {
    "pip": _pip,
    "ssl": _ssl,
    "venv": _venv,
    "viztracer.report_builder": _viztracer,
    "workloads.bench.result": _version,
    "workloads.version": _version,
}
