"""A student's program cannot write its own verdict."""

from pathlib import Path

import pytest
from test_exercise import refused, text

# Programs that would have it right without an answer, and what is said of each.
FAKES = {
    "seals it by a key of its own": (
        """
import hashlib, os, pathlib, sys
text = '{"rank": 0, "code": 0, "message": ""}'
keys = [each.read_bytes() for each in pathlib.Path(sys.argv[3]).glob("key")]
for key in keys or [b""]:
    seal = hashlib.blake2b(text.encode(), key=key).hexdigest()
    pathlib.Path(sys.argv[3], "0.verdict").write_text(seal + chr(10) + text)
os._exit(0)
""",
        "the program ended with exit code 0, and gave no answer",
    ),
    "replaces the judge": (
        """
from workloads.exercise.tasks import pi_processes
pi_processes.judge = lambda _: ""
def compute(*_): return 1
""",
        "my.py changes what judges it",
    ),
    "raises a success": (
        """
from hpcpy_common.errors import WorkloadError
WorkloadError.exit_code = 0
def compute(*_): raise WorkloadError("right")
""",
        "right",
    ),
}


def test_a_program_leaves_no_library_changed(tmp_path: Path) -> None:
    file, name = tmp_path / "my.py", "heat-slices"
    wrong = "    import numpy as np\n    np.argwhere = np.empty_like\n    return 0 * old\n"
    file.write_text(text(name, solved=True).replace("    new = old.copy()\n", wrong, 1))
    assert "my.py changes what judges it" in refused(file, name)


@pytest.mark.parametrize("fake", FAKES)
def test_a_program_cannot_write_its_own_verdict(fake: str, tmp_path: Path) -> None:
    written, message = FAKES[fake]
    file = tmp_path / "my.py"
    file.write_text(written)
    assert message in refused(file, "pi-processes")
