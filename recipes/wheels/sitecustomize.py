"""Run at every start of the Python of the image `wheels`: see `_hpcpy_caches`.

In the static interpreter the importer does this for each package when it is
imported.
"""

import _hpcpy_caches

for _package in _hpcpy_caches.VARIABLES:
    _hpcpy_caches.point(_package)
