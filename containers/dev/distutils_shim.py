"""Let `import distutils` find setuptools' own, which needs a .pth file in other Pythons.

hpcpy reads no .pth file.  This becomes `distutils/__init__.py` of site-packages:
Cython's `cythonize`, `%%cython` and pyximport import distutils before setuptools.
"""

import sys

# Otherwise setuptools takes this module for Python's own distutils, and warns.
del sys.modules[__name__]
import setuptools  # noqa: E402, F401

if __name__ not in sys.modules:
    # With SETUPTOOLS_USE_DISTUTILS=stdlib.
    raise ModuleNotFoundError(f"No module named {__name__!r}", name=__name__)
