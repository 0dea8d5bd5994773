"""``python -m hpcpy_bake``: packages into memory, in an image that stands on this one."""

from __future__ import annotations

import os
import sys

# The bundle's builder lies beside this file.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from hpcpy_bake.command import main

sys.exit(main())
