"""Module files that ``hpcpy modulefile`` writes, loaded by Lmod and Environment Modules."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from launching import RANKS
from local_cluster import Cluster
from module_systems import module_function
from standalone_host import built

from hpcpy.core import paths
from hpcpy.core.files import scratch_dir
from hpcpy.engine import prefix
from running import Done, printed, python, run
from tiers import sampled

SITE = """
summary = "a site with all that a wrapper has to know"
mpi = "pmi2"
modules = ["engine"]
setup = ["export FROM_SETUP='a b'"]
binds = ["{data}:/data", "{data}", "$ABSENT/folder", "/no/such/folder"]
node_local = "{disk}"

[options]
apptainer = ["--cleanenv"]

[environment]
FROM_SITE = "x,y $HOME"
"""
ODD = "b'c,(d)@x"
SYSTEMS = ["lmod", "modulecmd"]


def make(*words: str, **env: str) -> Done:
    return python("-m", "hpcpy", "modulefile", *words, PYTHONPATH=str(paths.ROOT / "src"), **env)


def shell(system: str, files: Path, script: str, env: Mapping[str, str] | None = None) -> Done:
    """Run a script of bash in which ``module`` is that of a system, and finds some files."""
    own = {**os.environ, **(env or {}), "MODULEPATH": str(files), "LMOD_PAGER": "none"}
    return run("bash", "-c", module_function(system) + script, env=own, cwd=files)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, sif: str) -> Path:
    folder = tmp_path_factory.mktemp("module") / ODD
    site = folder.with_name("site.toml")
    site.write_text('summary = "no Slurm is asked"\nmpi = "pmi2"\n')
    done = make(f"--image={sif}", f"--to={folder}", "--version=1.2", f"--site={site}")
    assert (done.returncode, done.stdout) == (0, f"{folder}/modulefiles\n"), done.stderr
    assert "  to load it: module use " in done.stderr
    return folder / "modulefiles"


@pytest.mark.parametrize("system", SYSTEMS)
def test_its_commands_are_the_images_until_it_is_unloaded(system: str, files: Path) -> None:
    code = "import sys, numpy; print(sys.version_info[:2], sys.argv[1])"
    # Two ranks that print at once may share a line.
    ranks = "from mpi4py import MPI; MPI.COMM_WORLD.rank or print(MPI.COMM_WORLD.size)"
    script = f"""
PATH=/usr/local/bin:/usr/bin:/bin
module load hpcpy
echo "$SLURM_MPI_TYPE"
python -c {shlex.quote(code)} "two words"
python3 -c 'raise SystemExit(7)'; echo $?
mpiexec -n 2 python -c {shlex.quote(ranks)}
hpcpy-exec sh -c 'echo "$APPTAINER_NAME $1"' sh "a  b"
echo 'print("stdin")' | python -
hpcpy batch --image mine.sif -- -m workloads pi | head -n 1
hpcpy-exec 2>/dev/null; echo $?
module unload hpcpy
case $PATH in *hpcpy*) ;; *) echo "${{SLURM_MPI_TYPE-none}}" ;; esac
"""
    done = shell(system, files, script)
    expected = ["pmi2", "(3, 14) two words", "7", "2", "hpcpy.sif a  b", "stdin"]
    expected += ["#!/bin/bash", "2", "none"]
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")


def test_its_hpcpy_sees_the_file_that_the_module_names(sif: str, tmp_path: Path) -> None:
    # Not below /tmp, which Apptainer mounts.
    with scratch_dir(paths.BUILD, "site") as folder:
        site = folder / "site.toml"
        site.write_text('mpi = "pmi2"\npartitions = ["mine"]\n')
        done = make(f"--image={sif}", f"--to={tmp_path}", HPCPY_SITE_FILE=str(site))
        assert done.returncode == 0, done.stderr
        script = 'module load hpcpy\necho "$HPCPY_SITE_FILE"\ncd /usr\nhpcpy site\n'
        # Whose promises a job's preflight compares with.
        script += """hpcpy-exec sh -c 'cat "$HPCPY_SITE_FILE"' python -m hpcpy_job preflight\n"""
        done = shell("modulecmd", tmp_path / "modulefiles", script)
        assert done.stdout.startswith(f"{site}\n"), done.stderr
        assert done.stdout.count('partitions = ["mine"]') == 2


@pytest.mark.parametrize("system", SYSTEMS)
def test_one_of_them_is_loaded_by_whatever_name(system: str, tmp_path: Path, sif: str) -> None:
    """With two, to unload one took srun's kind of MPI away: N times rank 0 of 1."""
    site = tmp_path / "site.toml"
    site.write_text('summary = "s"\nmpi = "pmi2"\n')
    for name in ("first", "second"):
        made = make(f"--image={sif}", f"--to={tmp_path}", f"--site={site}", f"--name={name}")
        assert made.returncode == 0, made.stderr
    shows = 'echo $? "$(command -v python)" $SLURM_MPI_TYPE $HPCPY_MODULE\n'
    script = f"""
PATH=/usr/bin:/bin
module load first; {shows}
module load second; {shows}
module unload first; module load second; {shows}
module load second; {shows}
module unload second; echo $? ${{SLURM_MPI_TYPE-unset}} ${{HPCPY_MODULE-unset}}
"""
    done = shell(system, tmp_path / "modulefiles", script)
    first, second = (
        f"{next((tmp_path / n).iterdir())}/bin/python pmi2 {n}" for n in ("first", "second")
    )
    assert done.stdout.splitlines() == [
        *(f"0 {first}", f"1 {first}", f"0 {second}", f"0 {second}", "0 unset unset")
    ]
    assert "first" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-I", "-c", "import sys; print(sys.version_info[:2])"], "(3, 14)"),
        (["-m", "pip", "--version"], "pip "),
        (["-m", "pytest", "--collect-only", "-q"], "test_my.py::test_it"),
        (["-m", "debugpy", "--listen", "127.0.0.1:0", "test_my.py", "two words"], "two words"),
    ],
)
def test_an_editor_runs_it_by_its_path(
    files: Path, tmp_path: Path, words: list[str], says: str
) -> None:
    """What VS Code calls, which knows no module: to look, install, test and debug."""
    program = "import sys\n\nprint(*sys.argv[1:])\n\n\ndef test_it() -> None: ...\n"
    (tmp_path / "test_my.py").write_text(program)
    shown = printed(run(files.parent / "hpcpy/1.2/bin/python", *words, cwd=tmp_path))
    assert shown.startswith(says)


@pytest.fixture
def disk() -> Iterator[Path]:
    """Give a folder that Apptainer does not mount by itself, as of a node's own disk."""
    with scratch_dir(paths.BUILD, "disk") as folder:
        yield folder


@pytest.mark.parametrize("system", sampled(SYSTEMS))
def test_site_files_modules_binds_variables_and_options_hold(
    system: str, tmp_path: Path, sif: str, disk: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("read")
    site = tmp_path / "centre.toml"
    site.write_text(SITE.format(data=data, disk=disk))
    done = make(
        f"--image={sif}", f"--to={tmp_path / 'to'}", f"--site={site}", "--name=py", "--version=1"
    )
    assert done.returncode == 0, done.stderr
    files = tmp_path / "to/modulefiles"
    engine = files / "engine/1"
    engine.parent.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apptainer").symlink_to(prefix.find_apptainer())
    engine.write_text(f"#%Module1.0\nprepend-path PATH {tmp_path / 'bin'}\n")
    code = (
        "import os; e = os.environ.get; "
        f"print(open('/data/file').read(), open('{data}/file').read(), "
        "e('FROM_SITE'), e('FROM_SETUP'), e('MINE'), os.path.isdir(e('TMPDIR')))"
    )
    script = f"module load py\npython -c {shlex.quote(code)}\nmodule unload py\n"
    ended = shell(system, files, script, {"HOME": str(tmp_path), "MINE": "kept out"})
    # The setup's variable is the wrapper's own: --cleanenv keeps it out, too.
    # Environment Modules tells what it loads beside the module.
    assert ended.stdout == f"read read x,y {tmp_path} None None True\n", ended.stderr
    assert ("Loading requirement: engine/1" in ended.stderr) == (system == "modulecmd")


# It fails before MPI, for which the others wait.
FAILS = """
import os
if os.environ["SLURM_PROCID"] == "2":
    raise ValueError("mine")
from mpi4py import MPI
"""


def test_srun_starts_ranks_of_one_program_on_both_nodes(cluster: Cluster, sif: str) -> None:
    (cluster.shared / "my-mpi.py").write_text(RANKS)
    (cluster.shared / "fails.py").write_text(FAILS)
    # A node's /tmp is its own.
    done = make(f"--image={sif}", f"--to={cluster.shared / 'to'}", **cluster.environment())
    assert done.returncode == 0, done.stderr
    script = (
        "module load hpcpy\n"
        f"cd {shlex.quote(str(cluster.shared))}\n"
        "srun --quiet -N2 --ntasks-per-node=2 python my-mpi.py 'two words' 0; echo $?\n"
        "export APPTAINER_CLEANENV=1\n"
        "srun --quiet -N2 -n2 python -m mpi4py my-mpi.py 'clean' 0; echo $?\n"
        "unset APPTAINER_CLEANENV\n"
        "srun --quiet -N2 --ntasks-per-node=2 python -m mpi4py fails.py || echo failed\n"
        "srun --quiet -N2 --ntasks-per-node=2 python my-mpi.py x 7; echo $? >&2\n"
    )
    done = shell("modulecmd", cluster.shared / "to/modulefiles", script, cluster.environment())
    ended = "4|2|two words|0\n0\n2|2|clean|0\n0\nfailed\n4|2|x|7\n"
    assert (done.stdout, done.stderr.count("ValueError: mine\n")) == (ended, 1), done.stderr
    # The engines of other ranks are ended, by SIGTERM or late; a line has the rank's own code.
    code = done.stderr.splitlines()[-1]
    said = ("rank 3 on n2: exit code 7", "task 3: Exited with exit code 7")
    is_said = any(line in done.stderr for line in said)
    assert code == "7" or (code in ("137", "143") and is_said), done.stderr


@pytest.mark.long
def test_the_one_files_python_and_mpiexec_run_on_two_nodes(cluster: Cluster) -> None:
    (cluster.shared / "my-mpi.py").write_text(RANKS)
    site = cluster.shared / "centre.toml"
    site.write_text('summary = "s"\nmpi = "pmi2"\n[environment]\nFROM_SITE = "x,y"\n')
    folder = cluster.shared / "to-file"
    done = make(f"--image={built()}", f"--to={folder}", f"--site={site}", "--version=1")
    assert done.returncode == 0, done.stderr
    code = "import os, sys; print(os.environ['FROM_SITE'], sys.flags.no_user_site, sys.argv[1])"
    script = f"""
module load hpcpy
cd {shlex.quote(str(cluster.shared))}
python -c {shlex.quote(code)} 'two words'
python3 -c 'raise SystemExit(7)'; echo $?
srun --quiet -N2 --ntasks-per-node=2 python -m mpi4py my-mpi.py srun 0
mpiexec -n 3 python -m mpi4py my-mpi.py mpiexec 0
module unload hpcpy
"""
    done = shell("modulecmd", folder / "modulefiles", script, cluster.environment())
    expected = ["x,y 1 two words", "7", "4|2|srun|0", "3|1|mpiexec|0"]
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")
