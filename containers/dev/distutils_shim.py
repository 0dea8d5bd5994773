"""`import distutils`: that of setuptools, which puts it in place by a .pth file.

hpcpy reads no .pth file.  This one becomes `distutils/__init__.py` of site-packages;
Cython's `cythonize`, `%%cython` and pyximport import distutils before setuptools.
"""

import sys

# Or setuptools takes it for Python's own, and warns.
del sys.modules[__name__]
import setuptools  # noqa: E402, F401

if __name__ not in sys.modules:
    # With SETUPTOOLS_USE_DISTUTILS=stdlib.
    raise ModuleNotFoundError(f"No module named {__name__!r}", name=__name__)
