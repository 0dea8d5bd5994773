"""What hpcpy-dev compiles runs in hpcpy, which has no compiler."""

from pathlib import Path

import extension_kinds as kinds
import pytest
from local_cluster import image

from hpcpy.core import paths
from hpcpy.images.graph import the_graph
from hpcpy.images.outputs import sif_path
from running import run

pytestmark = pytest.mark.long

DEV = sif_path(the_graph().image("hpcpy-dev"))
FOLDER = paths.ROOT / "tests/image_dev"


def ran(sif: str | Path, folder: Path, *words: str | Path) -> None:
    apptainer, *_ = image()
    binds = f"--bind={folder}:/work,{FOLDER}:/kinds:ro"
    options = ("--contain", "--cleanenv", "--no-home", "--net", "--network=none", binds)
    done = run(apptainer, "exec", *options, "--pwd=/work", sif, "env", "HOME=/work", *words)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with each kind of module, compiled in hpcpy-dev."""
    if not DEV.exists():
        pytest.skip(f"{DEV} is not there; run: make sif IMAGE=hpcpy-dev")
    folder = tmp_path_factory.mktemp("compiled")
    ran(DEV, folder, "python", "/kinds/extension_kinds.py", "/work")
    return folder


@pytest.mark.parametrize("kind", kinds.BUILDERS)
def test_a_module_from_hpcpy_dev_gives_pythons_answer_in_hpcpy(kind: str, compiled: Path) -> None:
    ran(image()[-1], kinds.folder_of(kind, compiled), *kinds.check_command(kind))
