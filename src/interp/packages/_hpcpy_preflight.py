"""Install the preflight's hook with mpi4py, where HPCPY_PREFLIGHT asks for it."""

from __future__ import annotations

from _hpcpy_say import setting


def before(package: str) -> None:
    """Install it, before the package is imported."""
    if setting("HPCPY_PREFLIGHT") in (None, "", "off"):
        return
    try:
        from hpcpy_job.hook import install  # noqa: PLC0415
    except ImportError as error:
        # In a venv without --system-site-packages.
        raise ImportError(
            "HPCPY_PREFLIGHT is set, and this Python does not see hpcpy_job: unset it",
            name=package,
        ) from error
    install()
