"""What is recorded of a start, by which the executable is linked and its code laid out."""

import os
import shutil
import sys
from pathlib import Path

from own_venv import SIF, in_image, needs_image

from hpcpy.core.paths import ROOT
from running import printed, run

pytestmark = needs_image


def test_the_list_names_what_a_start_enters(tmp_path: Path) -> None:
    made = tmp_path / "functions.txt"
    program = ROOT / "benchmarks/start_functions.py"
    done = run(
        *(sys.executable, program, "--sif", f"hpcpy={SIF}", "--out", made),
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    entered = set(made.read_text().split())
    listed = set((ROOT / "env/start_functions.txt").read_text().split())
    assert len(entered) > 2000
    # After an upgrade some have another name; the command makes the list anew.
    assert len(entered - listed) < len(entered) / 10, sorted(entered - listed)


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
