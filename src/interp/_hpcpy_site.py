"""What `site.main` does here: all that a start needs, without a file.

The standard one lists each site-packages for `.pth` files and looks for
`~/.local`, `usercustomize` and `sitecustomize`, on every rank.  Here it runs
in a venv alone, whose `.pth` files count, and with HPCPY_SITE=stock, which also
lets the order of `sys.path` say what is imported.  `site` itself stays CPython's,
with one line before its last that calls `main_for`.
"""

import os
import sys

import _hpcpy_importer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main_for(site: "dict[str, Any]") -> "Callable[[], None]":
    """Make what takes the place of `site.main`.

    Parameters
    ----------
    site
        The namespace of the module `site`, which may be `__main__`.

    Returns
    -------
    Callable
        The new `main`.
    """
    stock_main: Callable[[], None] = site["main"]

    def main() -> None:
        """Prepare a start: the builtins for people, a venv's packages."""
        if not sys.flags.ignore_environment:
            if os.environ.get("HPCPY_SITE") == "stock":
                _hpcpy_importer.finder().follow_path()
                stock_main()
                return
            if "_PYPROJECT_HOOKS_BUILD_BACKEND" in os.environ:
                # What pip and others build a package with, they tell by a sitecustomize.
                stock_main()
                return
        site["ENABLE_USER_SITE"] = False
        # What they would be: `python -m site --user-site` and pip ask.
        site["getusersitepackages"]()
        if sys.prefix != sys.base_prefix:
            _start_in_venv(site, stock_main)
            return
        # Without looking whether they are there; and no .pth file is read.
        sys.path += [path for path in site["getsitepackages"]() if path not in sys.path]
        site["setquit"]()
        site["setcopyright"]()
        site["sethelper"]()
        if not sys.flags.isolated:
            site["enablerlcompleter"]()
        if any("sitecustomize" in root.entries for root in _hpcpy_importer.finder().bundle.roots):
            site["execsitecustomize"]()

    return main


def _start_in_venv(site: "dict[str, Any]", stock_main: "Callable[[], None]") -> None:
    finder = _hpcpy_importer.finder()
    # Before a .pth file can import one of them.
    finder.take_from_path(_installed(site["getsitepackages"]([sys.prefix])))
    stock_main()
    if sys.base_prefix not in site["PREFIXES"]:
        # Made without --system-site-packages: it wants nothing of ours.
        finder.take_all_from_path()


def _installed(folders: "list[str]") -> "set[str]":
    found = set()
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except FileNotFoundError:
            continue
        for entry in entries:
            # An editable install has a dist-info folder and no more.
            end = "-" if entry.endswith(".dist-info") else "."
            found.add(entry.partition(end)[0])
    return found
