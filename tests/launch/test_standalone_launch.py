"""The one file on two nodes of a Slurm: copied by a launch, and as a module."""

import re
import shlex
from pathlib import Path

import pytest
from launching import RANKS, hpcpy, said
from local_cluster import Cluster
from standalone_host import built
from test_modulefile import SYSTEMS, make, shell


def test_a_launch_copies_it_to_each_node_and_removes_it(cluster: Cluster) -> None:
    program = cluster.shared / "my-mpi.py"
    program.write_text(f"import os, sys\nprint(sys.executable)\n{RANKS}")
    words = ("ENGINE=standalone", f"IMAGE={built()}", "NODES=2", "TASKS=4")
    done = hpcpy(cluster, "launch", f"PROGRAM={program} one 0", *words)
    assert done.returncode == 0, done.stderr
    assert [line for line in said(done) if not line.startswith("salloc: ")] == []
    (job,) = re.findall(r"Granted job allocation (\d+)", done.stderr)
    *executables, answer = sorted(done.stdout.splitlines())
    assert answer == "4|2|one|0"
    (folder,) = {line.removesuffix("/hpcpy-python") for line in executables}
    assert re.fullmatch(rf"hpcpy-{job}-\w{{10}}", Path(folder).name)
    look = ("--nodes=2", "sh", "-c", f"ls -d /tmp/hpcpy-{job}-*; true")
    assert cluster.srun(*look).stdout == ""


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_module_has_its_python_and_mpiexec(cluster: Cluster, system: str) -> None:
    (cluster.shared / "my-mpi.py").write_text(RANKS)
    site = cluster.shared / "centre.toml"
    site.write_text('summary = "s"\nmpi = "pmi2"\n[environment]\nFROM_SITE = "x,y"\n')
    folder = cluster.shared / f"to-{system}"
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
    done = shell(system, folder / "modulefiles", script, cluster.environment())
    expected = ["x,y 1 two words", "7", "4|2|srun|0", "3|1|mpiexec|0"]
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")
