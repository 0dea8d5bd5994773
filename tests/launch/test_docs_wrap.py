"""The commands of the pages on Jupyter and on modules that write files, taken from their text."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from hpcpy.core import paths

PAGES = {
    "docs/how-to/jupyter.md": "./hpcpy kernelspec",
    "docs/how-to/modules.md": "make modulefile",
}
# A folder with odd characters is in test_modulefile.py.
IMAGE, FOLDER = "/shared/images/hpcpy.sif", "/shared/modules"


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("docs/how-to/jupyter.md", {"home/.local/share/jupyter/kernels/hpcpy/kernel.json"}),
        (
            "docs/how-to/modules.md",
            {
                f"modules/{name}"
                for version in ("2026.11", "0.1.0")
                for name in (
                    f"modulefiles/hpcpy/{version}",
                    f"hpcpy/{version}/bin/hpcpy-exec",
                )
            },
        ),
    ],
)
def test_a_block_of_the_page_writes_its_files(
    page: str, made: set[str], sif: str, tmp_path: Path
) -> None:
    text = (paths.ROOT / page).read_text()
    block = re.search(rf"(?s)\n```sh\n({re.escape(PAGES[page])}.*?)```", text)
    assert block
    here = block[1].replace(IMAGE, sif).replace(FOLDER, str(tmp_path / "modules"))
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
    done = subprocess.run(
        ["bash", "-ec", here],
        cwd=paths.ROOT,
        env={**environment, "HOME": str(home), "HPCPY_CACHE": str(paths.cache_dir().parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*")}
    assert made <= there
