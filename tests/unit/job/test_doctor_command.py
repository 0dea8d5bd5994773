"""The report: promises, exit codes, text that any terminal can show, JSON."""

import json
import sys
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment

from hpcpy.core import paths
from hpcpy_common import site_file
from hpcpy_job.__main__ import main
from hpcpy_job.doctor import checks, job
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import World
from running import printed, run

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Make the checks return these findings, whatever the machine has."""
    findings = [
        Finding(
            "mpi.library", Status.OK, "é", value={"family": "mpich", "path": "/opt/x/libmpi.so"}
        ),
        Finding("fabric.hardware", Status.INFO, "cxi0", value=["cxi"]),
        Finding("fabric.used", Status.WARN, "tcp", "mend it", "tcp"),
        Finding("gpu.devices", Status.OK, "4", value=4),
    ]
    monkeypatch.setattr(checks, "examine", lambda *_: list(findings))
    return findings


# A site's promise is kept, is broken, or cannot be read.
@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("promise", "code", "says"),
    [
        ('mpi = "mpich"', 0, "0 failed"),
        ('mpi = "openmpi"', 1, "MPI's ABI is mpich"),
        ('fabric = "verbs"', 1, "the node has cxi"),
        ("gpus = 5", 1, "4 GPUs answer"),
        ("gpu = 4", 2, "unknown promise 'gpu'; known: mpi, mpi_library, fabric"),
        (None, 2, "cannot be read"),
        ("[promise]\ngpus = 4", 2, "'promise' is an unknown key; did you mean promises?"),
    ],
)
def test_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], promise: str | None, code: int, says: str
) -> None:
    site = tmp_path / "s.toml"
    if promise is not None:
        site.write_text(f'\ufeffengine = "apptainer"\n[promises]\n{promise}\n')
    assert main(["doctor", "--site", str(site)]) == code
    shown = capsys.readouterr()
    assert says in (shown.err if code == 2 else shown.out)
    if code == 2:
        assert (shown.out, shown.err.count("\n")) == ("", 1)
    else:
        assert (f"{code} failed" in shown.out, shown.err) == (True, "")


# Without findings: not looked at, as of MPI by --quick, or of all but MPI by --only.
@pytest.mark.parametrize(
    ("promise", "looked_at", "code"),
    [
        ('mpi = "mpich"', [], 0),
        ('mpi = "mpich"', [Finding("mpi.library", Status.INFO, "none: x")], 1),
        ('fabric = "cxi"', [], 0),
        ('fabric = "cxi"', [Finding("fabric.hardware", Status.INFO, "", value=["cxi"])], 0),
        ('fabric = "cxi"', [Finding("fabric.hardware", Status.INFO, "", value=[])], 1),
        ("gpus = 1", [Finding("gpu.devices", Status.INFO, "none", value=0)], 1),
    ],
)
def test_what_is_not_known_is_not_broken(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    *,
    promise: str,
    looked_at: list[Finding],
    code: int,
) -> None:
    monkeypatch.setattr(checks, "examine", lambda *_: list(looked_at))
    (tmp_path / "s.toml").write_text(f"[promises]\n{promise}\n")
    assert main(["doctor", "--quick", f"--site={tmp_path}/s.toml"]) == code
    says = "is promised, and " if code else "to know it: srun -N 2 python -m hpcpy_job doctor"
    shown = capsys.readouterr().out
    assert (says in shown, f"{code} failed" in shown) == (True, True)


KEPT, BROKEN = "[promises]\ngpus = 4\n", "[promises]\ngpus = 5\n"


# Of site files in a job; on a login node they cannot be checked.
@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("modules", "machines", "mode", "rank", "says"),
    [
        (BROKEN, "", 0o644, "0", "4 GPUs answer"),
        (KEPT, "", 0o644, "0", ""),
        (BROKEN, "", 0o644, "", ""),
        (None, BROKEN, 0o644, "0", "s.toml: its promises are not checked: no such file"),
        (BROKEN, "", 0o666, "0", "s.toml: everybody can change it; chmod o-w"),
        # That of the machine, which a table of a module replaces.
        ("", BROKEN, 0o644, "0", "4 GPUs answer"),
        ("", KEPT, 0o644, "0", ""),
        ("", BROKEN, 0o666, "0", "s.toml is not read: everybody can change it"),
        (KEPT, BROKEN, 0o644, "0", ""),
        ("mpi = 'pmi2'\n", BROKEN, 0o644, "0", "4 GPUs answer"),
    ],
)
def test_promises_of_a_module_and_of_the_machine(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    modules: str | None,
    machines: str,
    mode: int,
    rank: str,
    says: str,
) -> None:
    site, machine = tmp_path / "s.toml", tmp_path / "etc/hpcpy/s.toml"
    machine.parent.mkdir(parents=True)
    for file, text in ((site, modules), (machine, machines)):
        if text:
            file.write_text(text)
            file.chmod(mode)
    monkeypatch.setattr(site_file, "OF_MACHINE", machine)
    if modules != "":
        monkeypatch.setenv("HPCPY_SITE_FILE", str(site))
    if rank:
        monkeypatch.setenv("PMI_RANK", rank)
        monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setattr(job, "start_mpi", World)
    # It would wait ten times as long as these tests have run.
    monkeypatch.setattr("hpcpy_common.ranks.let_first_print", lambda: None)
    assert main(["doctor"]) == (2 if "chmod" in says else int("answer" in says))
    shown = "".join(capsys.readouterr())
    assert (says in shown, "s.toml" in shown) == (True, "s.toml" in says)


CLOSED = "cannot be read (permission denied); its owner opens it"
NOT_READ = "{} is not read: it is no file"


# Another kind than a file in place of a file in a job: its promises are not left out in silence.
@pytest.mark.parametrize(
    ("name", "make", "code", "says"),
    [
        ("machine", "mkdir -m 0 {}", 0, NOT_READ),
        ("machine", "touch {}; chmod 0 {}/..", 2, CLOSED),
        ("machine", "true", 0, ""),
        ("module", "mkdir {}", 2, "HPCPY_SITE_FILE={}: it is no file"),
        ("module", "touch {}; chmod 0 {}/..", 2, CLOSED),
        # In no container there is nothing to bind.
        ("module", "true", 0, "HPCPY_SITE_FILE={}: its promises are not checked: no such file"),
    ],
)
def test_what_is_no_file_or_closed_is_told_in_a_job(
    tmp_path: Path, *, name: str, make: str, code: int, says: str
) -> None:
    file = tmp_path / "s/site.toml"
    file.parent.mkdir()
    run("sh", "-c", make.replace("{}/..", "$0").replace("{}", str(file)), file.parent, check=True)
    machine = file if name == "machine" else "/nonexistent"
    script = (
        f"from pathlib import Path; from hpcpy_common import site_file;"
        f"site_file.OF_MACHINE = Path({str(machine)!r}); from hpcpy_job.__main__ import main;"
        "raise SystemExit(main(['preflight', '-m', 'this']))"
    )
    own = {"HPCPY_SITE_FILE": str(file)} if name == "module" else {}
    env = environment(PMI_RANK="0", PMI_SIZE="1", **own)
    done = run(*AS_ANY_USER, sys.executable, "-c", script, env=env)
    file.parent.chmod(0o700)
    ran = done.stdout.startswith("The Zen of Python")
    assert (done.returncode, ran) == (code, code == 0), done.stderr
    lines = done.stderr.splitlines()
    said = says.format(file)
    assert len(lines) == bool(says)
    assert said in done.stderr if code else lines == [line for line in [f"hpcpy: {said}"] if says]


def test_json_to_a_file_and_to_standard_output(
    found: list[Finding], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "d.json"
    assert main(["doctor", "--json", str(file)]) == 0
    assert capfd.readouterr().out == ""
    assert main(["doctor", "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert content == json.loads(file.read_text())
    assert content["ok"] is True
    assert [each["name"] for each in content["findings"]] == [each.name for each in found]
    assert content["findings"][2] == {
        "name": "fabric.used", "status": "warn", "detail": "tcp", "next_step": "mend it",
        "value": "tcp", "hosts": content["hosts"],
    }  # fmt: skip


# Who runs a command in somebody's folder, or names one by PYTHONPATH.
@pytest.mark.parametrize(
    ("folder", "pythonpath", "is_run"),
    [
        ("{traps}", "{src}", False),
        ("{traps}", "{src}:{traps}", True),
        ("/", "{traps}:{src}", True),
        # Where the code itself lies.
        ("{src}", "", False),
    ],
)
def test_a_probe_takes_no_module_of_the_working_folder(
    folder: str, pythonpath: str, *, is_run: bool, tmp_path: Path
) -> None:
    traps, told = tmp_path / "everybodys", tmp_path / "told"
    traps.mkdir()
    (traps / "mpi4py.py").write_text(f"open({str(told)!r}, 'w').close()")
    places = {"traps": traps, "src": paths.ROOT / "src"}
    words = [sys.executable, "-m", "hpcpy_job", "doctor", "--only", "mpi", "--json"]
    env = environment(PYTHONPATH=pythonpath.format(**places))
    done = run(*words, cwd=folder.format(**places), env=env)
    found = {each["name"]: each["detail"] for each in json.loads(printed(done))["findings"]}
    assert found["mpi.library"]
    assert "ended with" not in found["mpi.library"] or is_run
    assert told.exists() == is_run
