"""What the linker would change wrongly is not marked in an archive that is linked."""

import shutil
import sys
from pathlib import Path

import pytest

from hpcpy.core import paths
from running import printed, run

# Of the two, the builder's linker knows the load alone.
CODE = """
push: .byte 0xff, 0x35
.reloc ., R_X86_64_GOTPCRELX, name - 4
.long 0
load: .byte 0x8b, 0x05
.reloc ., R_X86_64_GOTPCRELX, name - 4
.long 0
"""


@pytest.mark.skipif(not shutil.which("as"), reason="no assembler here")
def test_a_push_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "code.s").write_text(CODE)
    # What has an odd length is followed by a byte, and is no object.
    (tmp_path / "note").write_text("odd")
    for words in ("as --64 -o code.o code.s", "ar rc code.a note code.o"):
        printed(run(*words.split(), cwd=tmp_path))
    tool = paths.RECIPES / "interpreter/pushes.py"
    assert printed(run(sys.executable, tool, "code.a", cwd=tmp_path)) == "code.a 1\n"
    shown = run("readelf", "--relocs", "--wide", "code.a", cwd=tmp_path).stdout.splitlines()
    kinds = [line.split()[2] for line in shown if "R_X86_64" in line]
    assert kinds == ["R_X86_64_GOTPCREL", "R_X86_64_GOTPCRELX"]
