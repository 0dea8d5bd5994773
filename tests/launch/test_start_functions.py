"""What is recorded of a start, by which the executable is linked and its code laid out."""

import shutil
from pathlib import Path

from own_venv import in_image, needs_image

from hpcpy.core.paths import ROOT
from running import printed

pytestmark = needs_image


TRAINING = ROOT / "src/interp/features/code_image/codeimage/training.py"
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


def test_a_name_that_a_cache_keeps_is_not_in_use(tmp_path: Path) -> None:
    shutil.copy(TRAINING, tmp_path)
    assert printed(in_image(tmp_path, "python3", "-c", LOOKS_UP)) == "['looked_up_']\n"
