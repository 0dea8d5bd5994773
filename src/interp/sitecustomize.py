"""Run at every start of the Python of the image `wheels`: see `_hpcpy_caches`.

The static interpreter's importer asks for each package alone, when it is
imported.
"""

import _hpcpy_caches

for _package in _hpcpy_caches.VARIABLES:
    _hpcpy_caches.point(_package)
