"""Site files and their schema; which image and whose Slurm a launch takes."""

import argparse
import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest
from requested import requested

from hpcpy.core import paths
from hpcpy.launch import settings, site
from hpcpy.launch.controller import Controller, find_controller
from hpcpy.launch.layers import FOLDER, find_site, read_site
from hpcpy.launch.plan import plan_launch
from hpcpy.launch.running import completed
from hpcpy.launch.shell import HostFacts, batch_script, launch_script
from hpcpy.launch.site import Site
from hpcpy.pins.tables import Table, read_table
from hpcpy_common.errors import UsageError


def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(settings.schema()))


@pytest.mark.parametrize("file", [*sorted(FOLDER.glob("*.toml")), None], ids=str)
def test_each_site_of_the_checkout_and_the_template_plan(file: Path | None, tmp_path: Path) -> None:
    if file is None:
        file = tmp_path / "template.toml"
        file.write_text(settings.template())
    name = str(file) if file.parent == tmp_path else file.stem
    found = find_site(name)
    request = requested("--nodes=2", "--tasks=4", "--account=m1", f"--site={name}")
    plan = plan_launch(completed(request, found), found, HostFacts("/work", found.engine, "image"))
    assert found.engine in launch_script(plan)
    assert "--account=m1" in batch_script(plan)
    schema().validate(dict(read_table(file).values))


def test_a_site_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no site 'perlmuter-cpu'; did you mean perlmutter-cpu"):
        find_site("perlmuter-cpu")
    for name in ("no/such.toml", "x" * 300, "/proc/self/fd"):
        with pytest.raises(UsageError, match=f"no site '{name}'"):
            find_site(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("engine = 'none'", "summary: missing"),
        ("mpi = 3", "mpi: 3 is not a text"),
        ("mpi = 'a b'", "mpi: 'a b' has a blank"),
        ('account = "a\\u0000b"', "account: 'a\\x00b' holds a character"),
        ("partitons = ['a']", "partitons: unknown key; did you mean partitions?"),
        ("modules = 'apptainer'", "modules: 'apptainer' is not a list of texts"),
        ("engine = 'docker'", "engine: 'docker' is none"),
        ("time = '1h'", "time: '1h' is neither 30, of minutes, nor 01:30:00"),
        ("cpus_per_node = '64'", "cpus_per_node: '64' is not a number"),
        ("binds = ['data']", "binds: 'data' is neither HOST nor HOST:INSIDE"),
        ("setup = ['f() {']", "setup: 'f() {' is no whole line of shell"),
        ("setup = ['cat <<X']", "setup: 'cat <<X' is no whole line of shell"),
        ("options = ['--mem=0']", "[options] is not a table"),
        ("[options]\nslurm = ['--x']", "[options] slurm: unknown key"),
        ("[options]\nstep = ['-n 3']", "'-n 3' is not one option"),
        ("[environment]\n'A-B' = 'x'", "A-B: is not the name of a variable"),
        ('[options]\nallocation = ["--a\\n#SBATCH"]', "holds a character"),
        ("[promises]\ngpus = 0", "there.toml: promises.gpus = 0 is not a whole"),
        ("[environment]\nA = 4", "4 is not a text whose only control characters"),
        ("summary = ", "not TOML"),
        (f"binds = {'[' * 20_000}", "not TOML"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "there.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_site(tmp_path / "there.toml")
    assert says in str(caught.value)
    assert "there.toml" in str(caught.value)
    # No regular expression of this program.
    assert "(?" not in str(caught.value)
    assert "\n" not in str(caught.value)


# Key -> values, right and wrong.
VALUES: dict[str, tuple[object, ...]] = {
    "mpi": ("pmix", "a b", "", 3),
    "time": ("30", "1:2", "UNLIMITED", "1h", "-1", "é"),
    "binds": (["/a", "$A/b", "/a:/b:ro"], ["a"], ["/a,b"], ["/a:/b:rq"], ["/a:"], "/a", [1]),
    "modules": (["gcc/12.1", "c++"], ["c;d"], ["c d"], "gcc"),
    "engine": ("podman-hpc", "docker", "", ["podman"]),
    "cpus_per_node": (2, 0, -1, "2", 0.5, True),
    "partitions": (["a"], ["a b"], ["a\nb"], []),
    "options": ({"step": ["--mem=0"]}, {"step": ["-n 3"]}, {"x": []}, 1),
    "environment": ({"A": ""}, {"A-B": "x"}, {"1": "x"}, {"A": "x\0"}),
    "promises": ({"gpus": 1}, {"gpus": 0}, {"x": 1}, {"mpi": "tcp"}),
    "account": ("required", "\t", 1),
    "constraint": ("required", "\t", 1),
    "x": (1,),
}
DOCUMENTS = [{key: value} for key, values in VALUES.items() for value in values]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_schema_takes_what_the_program_takes(document: dict[str, object]) -> None:
    whole = {"summary": "s", **document}
    try:
        site.checked(Table("x", "", whole))
        is_right = True
    except UsageError:
        is_right = False
    assert schema().is_valid(whole) is is_right


def test_which_slurm_is_asked_is_told(build: Path) -> None:
    for name in ("SLURM_CONF", "SLURM_CONF_SERVER"):
        environment = {name: f"{build}/a site's"}
        Path(environment[name]).touch()
        found = find_controller("local", environment)
        assert found == Controller(environment, f"the Slurm of {name}={build}/a site's")
    # Slurm's commands would wait a minute for it.
    with pytest.raises(UsageError, match="SLURM_CONF=/not/there: cannot be read"):
        find_controller("carc", {"SLURM_CONF": "/not/there"})
    # What is left of a cluster that a reboot has ended.
    conf = build / "cluster/slurm.conf"
    conf.parent.mkdir()
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


IN_SIF = ("/data/my.sif", "/opt/hpcpy/bin/python3")
IN_FILE = ("", "/node/hpcpy-python")
# As of an OnDemand desktop.
IN_ANOTHERS = ("/data/desktop.sif", "/node/hpcpy-python")
IN_PODMAN = ("", "/opt/hpcpy/bin/python3")


@pytest.mark.parametrize(
    ("inside", "words", "site", "expected"),
    [
        (IN_SIF, "", Site("x"), ("apptainer", "/data/my.sif")),
        (IN_SIF, "--engine=apptainer", Site("x", engine="shifter"), ("apptainer", "/data/my.sif")),
        (IN_SIF, "", Site("x", engine="shifter"), None),
        (IN_SIF, "", Site("x", image="/site.sif"), ("apptainer", "/site.sif")),
        (IN_SIF, "--image=mine.sif", Site("x"), ("apptainer", "mine.sif")),
        (IN_FILE, "--engine=apptainer", Site("x"), None),
        (IN_ANOTHERS, "", Site("x"), ("standalone", "/node/hpcpy-python")),
        (IN_PODMAN, "", Site("x"), None),
        (IN_PODMAN, "--image=a:1 --engine=shifter", Site("x"), ("shifter", "a:1")),
    ],
)
def test_what_this_runs_in_is_taken_where_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch,
    inside: tuple[str, str],
    words: str,
    site: Site,
    expected: tuple[str, str] | None,
) -> None:
    monkeypatch.setenv("APPTAINER_CONTAINER", inside[0])
    monkeypatch.setattr(sys, "executable", inside[1])
    monkeypatch.setattr(paths, "IS_CHECKOUT", False)
    request = requested(*words.split(), "--", "my.py")
    if expected is None:
        with pytest.raises(UsageError, match="needs the image's name"):
            completed(request, site)
    else:
        taken = completed(request, site)
        assert (taken.engine, taken.image) == expected


RUNS_THIS = "what runs this"


@pytest.mark.parametrize(
    ("is_checkout", "says", "given", "expected", "origins"),
    [
        (True, 'engine = "podman-hpc"', "", ("podman-hpc", "hpcpy:latest"), ("FILE", "built in")),
        (False, 'engine = "podman-hpc"', "", ("standalone", IN_FILE[1]), (RUNS_THIS, RUNS_THIS)),
        (False, 'mpi = "pmix"', "", ("standalone", IN_FILE[1]), (RUNS_THIS, RUNS_THIS)),
        (False, 'engine = "none"', "", ("none", "python3"), ("FILE", "built in")),
        (False, 'image = "own"', "", ("standalone", "DIR/own"), ("FILE", "FILE")),
        (False, 'image = "my.sif"', "", ("apptainer", "DIR/my.sif"), ("built in", "FILE")),
        (False, "mpi = 'pmix'", "DIR/my.sif", ("apptainer", "DIR/my.sif"), ("built in", "--image")),
        (True, "mpi = 'pmix'", "DIR/own", ("standalone", "DIR/own"), ("--image", "--image")),
    ],
)
def test_the_settings_name_what_a_launch_will_take(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    is_checkout: bool,
    says: str,
    given: str,
    expected: tuple[str, str],
    origins: tuple[str, str],
) -> None:
    def there(word: str) -> str:
        return word.replace("FILE", str(file)).replace("DIR", str(tmp_path))

    file = tmp_path / "site.toml"
    file.write_text(f"{says}\n")
    (tmp_path / "own").write_bytes(b"\x7fELF")
    (tmp_path / "my.sif").touch()
    monkeypatch.setenv("HPCPY_SITE_FILE", str(file))
    monkeypatch.setattr(sys, "executable", IN_FILE[1])
    monkeypatch.setattr(paths, "IS_CHECKOUT", is_checkout)
    named = {"image": there(given)} if given else {}
    settings.main(argparse.Namespace(template=False, schema=False, **named))
    lines = dict(re.findall(r"(?m)^(?:# )?(\w+) = (.+)$", capsys.readouterr().out))
    for key, value, origin in zip(("engine", "image"), expected, origins, strict=True):
        assert re.fullmatch(rf'"{there(value)}" +# {there(origin)}', lines[key])
    # What a launch itself would take.
    request = requested(*(f"--image={there(given)}" if given else "").split(), "--", "my.py")
    taken = completed(request, find_site("", there(given)))
    assert (taken.engine, taken.image or expected[1]) == tuple(map(there, expected))
