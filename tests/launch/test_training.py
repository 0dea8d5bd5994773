"""What the training records of a start does not depend on addresses, which always differ."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from own_venv import SIF, in_image

from hpcpy.core import paths

TRAINING = paths.ROOT / "src/interp/features/code_image/codeimage/training.py"
# The last one to have looked an attribute up keeps its name, until another takes its place.
LOOKS_UP = """
import sys, types
sys.path.insert(0, "/own")
import training
name = "looked_up_" + str(1)
setattr(types, name, 1)
getattr(types, name)
delattr(types, name)
del name
names = training.names_in_use()
# The constant is one.
print([name for name in names if name.startswith("looked_up_")])
"""

pytestmark = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


def test_a_name_that_a_cache_keeps_is_not_in_use(tmp_path: Path) -> None:
    shutil.copy(TRAINING, tmp_path)
    done = in_image(tmp_path, "python3", "-c", LOOKS_UP)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['looked_up_']\n", "")
