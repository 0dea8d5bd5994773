"""Site files, whose errors name the wrong line; which Slurm a site's launch asks."""

from pathlib import Path

import pytest
from requested import requested

from hpcpy.core.errors import UsageError
from hpcpy.launch import site
from hpcpy.launch.controller import Controller, find_controller
from hpcpy.launch.plan import HostFacts, at_site, plan_launch
from hpcpy.launch.shell import batch_script, launch_script


def write(folder: Path, text: str) -> Path:
    path = folder / "there.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", [*site.site_names(), str(site.FOLDER / "template.toml")])
def test_each_site_of_the_checkout_plans(name: str) -> None:
    found = site.find_site(name)
    request = requested("--nodes=2", "--tasks=4", "--account=m1", f"--site={name}")
    plan = plan_launch(at_site(request, found), found, HostFacts("/work", found.engine, "image"))
    assert found.engine in launch_script(plan)
    assert "--account=m1" in batch_script(plan)


def test_a_site_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no site 'perlmuter-cpu'; did you mean perlmutter-cpu"):
        site.find_site("perlmuter-cpu")
    for name in ("no/such.toml", "x" * 300, "/proc/self/fd"):
        with pytest.raises(UsageError, match=f"no site '{name}'"):
            site.find_site(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("engine = 'none'", "summary: missing"),
        ("mpi = 3", "mpi: 3 is not a text"),
        ("time = '1h'", "time: '1h' is neither 30"),
        ("summary = 's'\nmpi = 'a b'", "mpi: has a blank"),
        ("summary = 's'\nqos = ['a', 'b c']", "qos: has a blank"),
        ("summary = 's'\naccount = \"a\\u0000b\"", "account: 'a\\x00b' holds a character"),
        ("summary = 's'\n[environment]\nA = \"\\u001b[2J\"", "A: '\\x1b[2J' is not a text"),
        ("summary = 's'\n[options]\nstep = [\"--a\\u001b\"]", "is not one option"),
        ("summary = 's'\npartitions = [\"a\\nb\"]", "partitions: has a blank"),
        ("summary = 's'\npartitons = ['a']", "partitons: unknown key; did you mean partitions?"),
        ("summary = 's'\nmodules = 'apptainer'", "modules: 'apptainer' is not a list of texts"),
        ("summary = 's'\nengine = 'docker'", "engine: 'docker' is none"),
        ("summary = 's'\ntime = '1h'", "time: '1h' is neither 30, of minutes, nor 01:30:00"),
        ("summary = 's'\ncpus_per_node = '64'", "cpus_per_node: '64' is not a number"),
        ("summary = 's'\nbinds = ['data']", "binds: 'data' does not begin with / or $NAME"),
        ("summary = 's'\nbinds = ['/a,/b']", "binds: '/a,/b' has a comma"),
        ("summary = 's'\nsetup = [\"a\\u0000b\"]", "setup: 'a\\x00b' holds a character"),
        ("summary = 's'\nsetup = ['f() {']", "setup: 'f() {' is no whole line of shell"),
        ("summary = 's'\nsetup = ['cat <<X']", "setup: 'cat <<X' is no whole line of shell"),
        ("summary = 's'\noptions = ['--mem=0']", "[options] is not a table"),
        ("summary = 's'\n[options]\nslurm = ['--x']", "[options] slurm: unknown key"),
        ("summary = 's'\n[options]\nstep = ['-n 3']", "'-n 3' is not one option"),
        ("summary = 's'\n[environment]\n'A-B' = 'x'", "A-B: is not the name of a variable"),
        ("summary = 's'\n[options]\nallocation = [\"--a\\n#SBATCH\"]", "is not one option"),
        ("summary = 's'\n[promises]\nfabrik = 'cxi'", "unknown promise 'fabrik'"),
        ("summary = ", "not TOML"),
        (f"binds = {'[' * 20_000}", "not TOML"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        site.read_site(write(tmp_path, text))
    assert says in str(caught.value)
    assert "there.toml" in str(caught.value)
    # No regular expression of this program.
    assert "(?" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["SLURM_CONF", "SLURM_CONF_SERVER"])
def test_a_slurm_that_the_environment_names_is_taken_and_told(build: Path, name: str) -> None:
    environment = {name: f"{build}/a site's"}
    Path(environment[name]).touch()
    found = find_controller("local", environment)
    assert found == Controller(environment, f"the Slurm of {name}={build}/a site's")


def test_a_configuration_that_nobody_can_read_is_told(
    build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Slurm's commands would wait a minute for it.
    with pytest.raises(UsageError, match="SLURM_CONF=/not/there: cannot be read"):
        find_controller("carc", {"SLURM_CONF": "/not/there"})
    (build / "cluster/slurm.conf").mkdir(parents=True)
    assert find_controller("local", {}) == Controller({})
    assert "the machine's own Slurm is asked" in capsys.readouterr().err


def test_without_a_cluster_the_machines_own_is_asked(build: Path) -> None:
    # What is left of a cluster that a reboot has ended.
    (build / "cluster").mkdir()
    conf = build / "cluster/slurm.conf"
    conf.write_text("AuthInfo=socket=/run/hpcpy-cluster-of-before/munge.socket\n")
    for name in ("local", "carc"):
        assert find_controller(name, {"SLURM_CONF": ""}) == Controller({"SLURM_CONF": ""})


def test_a_shell_that_has_taken_in_the_clusters_variables_gets_the_cluster(build: Path) -> None:
    (build / "cluster").mkdir()
    (build / "cluster/slurm.conf").touch()
    environment = {"SLURM_CONF": str(build / "cluster/slurm.conf"), "PATH": "/bin"}
    found = find_controller("local", environment)
    assert found.name == "this checkout's cluster"
    assert found.environment["PATH"] == f"{build}/cluster/bin:/bin"
    # Another site's file has no part in it.
    assert find_controller("carc", environment).lines == ()
