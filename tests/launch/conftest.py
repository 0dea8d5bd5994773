"""What the launch tests share: the local cluster, started at its first use."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, acquired, image
from mpi_libraries import unpacked
from packing import as_user, conda_like, daemons, end, packed, public_folder, require

from hpcpy.core import paths
from hpcpy.engine.setup import Engine, ensure, look_up
from hpcpy.engine.tools import needed
from hpcpy_common.errors import HpcpyError
from running import run, wait_until


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give the local cluster: ``cluster.srun("-N2", "hostname").stdout``."""
    with acquired() as one:
        yield one


@pytest.fixture(scope="session")
def sif() -> str:
    return image()[-1]


@pytest.fixture(scope="session")
def engine() -> Engine:
    try:
        return ensure("apptainer")
    except HpcpyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def program(engine: Engine) -> Path:
    return engine["apptainer"].path


@pytest.fixture(scope="session")
def strace() -> Path:
    if found := look_up(needed(["measure"])):
        return found["strace"].path
    pytest.skip("no strace here; run: make setup TOOLS=measure")


@pytest.fixture(scope="session")
def mpi() -> Iterator[Path]:
    """Give a folder with Open MPI and a newer MPICH, which all nodes of a cluster see."""
    paths.BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="mpi.") as folder:
        yield unpacked(Path(folder))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require()
    return conda_like(tmp_path_factory.mktemp("original") / "env")


@pytest.fixture
def prefix(original: Path, tmp_path: Path) -> Path:
    """Give an environment, at a path of its own."""
    copy = tmp_path / "env"
    run("cp", "-a", original, copy, check=True)
    script = copy / "bin/report"
    script.write_text(script.read_text().replace(str(original), str(copy)))
    return copy


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with public_folder() as made:
        yield made


@pytest.fixture(params=["self", "user"])
def before(request: pytest.FixtureRequest, folder: Path) -> tuple[str, ...]:
    """Give what starts a program as root, who needs no user namespace, and as another user."""
    return as_user(folder) if request.param == "user" else ()


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    return packed(conda_like(folder / "env"))


@pytest.fixture
def environment(whole: Path) -> Iterator[Path]:
    """Give an environment that is mounted nowhere."""
    wait_until(lambda: not daemons(whole))
    yield whole
    end(whole)
