"""README's commands for a program of one's own, taken from its text and run in a shell."""

import re
from pathlib import Path

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from running import printed, run

PAGE = (paths.ROOT / "README.md").read_text()
PROGRAMS = {
    "my.py": "import numpy\nprint('numpy', numpy.arange(3).sum())\n",
    # One write a line: pieces of several ranks mix where Python does not buffer.
    "my-mpi.py": "import os\nfrom mpi4py.MPI import COMM_WORLD as w\n"
    "os.write(1, f'rank {w.rank} {w.size}\\n'.encode())\n",
}


def test_the_commands_for_an_own_program_run_it(sif: str, tmp_path: Path) -> None:
    block = re.search(r"(?s)\n```sh\n(export PATH=.*?)```", PAGE)
    assert block
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    tools = tmp_path / "build/tools/bin"
    tools.mkdir(parents=True)
    (tools / "apptainer").symlink_to(find_apptainer())
    (tmp_path / "build/hpcpy.sif").symlink_to(sif)
    shown = printed(run("bash", "-ec", block[1], cwd=tmp_path))
    ranks = [f"rank {rank} 4" for rank in range(4)]
    assert sorted(shown.splitlines()) == ["numpy 3", *ranks]
