"""PRRTE's prterun, a second launcher beside Slurm: as Flux and PALS it tells ranks by PMIx.

It is that of Open MPI's wheel: Debian's wants a newer PMIx than the locked one.
"""

import os
from pathlib import Path

import pytest
from mpi_libraries import NEEDS
from own_venv import SIF
from standalone_host import RANKS, built, clean

from hpcpy.engine.setup import ensure
from running import Done, run

pytestmark = [pytest.mark.long, *NEEDS]
OPEN = "Open MPI"


def prterun(mpi: Path, *words: object, **variables: str) -> Done:
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    options = ("--map-by", ":OVERSUBSCRIBE", "-n", 4)
    # PRTE_PREFIX is where its help is; Open MPI asks for a device that is not here.
    given = {"PRTE_PREFIX": str(mpi / "openmpi"), "OMPI_MCA_osc": "^ucx", **variables}
    program = mpi / "openmpi/bin/prterun"
    return run(program, *as_root, *options, *words, env=clean(**given), timeout=300)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ranks") / "ranks.py"
    path.write_text(RANKS)
    return path


def test_the_image_has_four_ranks_by_its_own_mpi(mpi: Path, ranks: Path) -> None:
    command = (ensure("apptainer")["apptainer"].path, "exec", f"--bind={ranks.parent}:/own", SIF)
    done = prterun(mpi, *command, "python3", "/own/ranks.py", "MPICH")
    assert (done.returncode, done.stdout) == (0, "6 4 True\n" * 4), done.stderr


def test_the_one_file_has_them_by_the_sites_mpi(mpi: Path, ranks: Path) -> None:
    library = {"LD_LIBRARY_PATH": str(mpi / "openmpi/lib")}
    done = prterun(mpi, built(), ranks, OPEN, **library)
    assert (done.returncode, done.stdout) == (0, "6 4 True\n" * 4), done.stderr


def test_ranks_that_would_each_be_alone_end(mpi: Path, ranks: Path) -> None:
    for words in ((ranks, "MPICH"), ("-m", "hpcpy_job", "preflight", ranks, "MPICH")):
        done = prterun(mpi, built(), *words)
        assert done.returncode != 0
        assert "HPCPY_MPI" in done.stderr
        assert "True" not in done.stdout
