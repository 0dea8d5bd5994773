"""The report: promises, exit codes, text that any terminal can show, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.doctor import job, promises, registry, report
from workloads.doctor.finding import Finding, Status

# Variables that a rank of a job has, if it runs these tests.
LAUNCHERS = ("PMI_", "OMPI_", "SLURM_")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(LAUNCHERS):
            monkeypatch.delenv(name)
    # main sets it for its own process.
    monkeypatch.setenv("HPCPY_PREFLIGHT", "off")


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
        Finding("opencl.devices", Status.OK, "x", value=["NVIDIA CUDA"]),
    ]
    monkeypatch.setattr(registry, "examine", lambda *_: list(findings))
    return findings


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("promise", "says"),
    [
        ('mpi = "mpich"', ""),
        ('mpi = "openmpi"', "MPI's ABI is mpich"),
        ('mpi_library = "/opt/x/"', ""),
        ('mpi_library = "/opt/udiImage"', "libmpi is /opt/x/libmpi.so"),
        ('fabric = "cxi"', "MPI uses tcp"),
        ('fabric = "verbs"', "the node has cxi"),
        ('fabric = "tcp"', ""),
        ("gpus = 4", ""),
        ("gpus = 5", "4 GPUs answer"),
        ('opencl = ["nvidia"]', ""),
        ('opencl = ["nvidia", "Portable"]', "no device of Portable"),
    ],
)
def test_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], promise: str, says: str
) -> None:
    site = tmp_path / "s.toml"
    site.write_text(f'engine = "apptainer"\n[promises]\n{promise}\n')
    assert main(["doctor", "--site", str(site)]) == int(bool(says))
    shown = capsys.readouterr()
    assert shown.err == ""
    assert says in shown.out
    assert f"{int(bool(says))} failed" in shown.out


def test_a_quick_look_does_not_hold_opencl_against_a_site(
    tmp_path: Path, found: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    # It asks no driver; it failed with "OpenCL was not asked".
    found[:] = [finding for finding in found if finding.name != "opencl.devices"]
    site = tmp_path / "s.toml"
    site.write_text('[promises]\ngpus = 4\nopencl = ["nvidia"]\n')
    assert main(["doctor", "--quick", "--site", str(site)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(("there", "says"), [(1, "and 1 GPU answers"), (2, "and 2 GPUs answer")])
def test_one_gpu_is_no_plural(there: int, says: str) -> None:
    gpus = Finding("gpu.devices", Status.OK, "", value=there)
    (finding,) = promises.kept({"gpus": 4}, [gpus])
    assert finding.detail == f"4 is promised, {says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[promises]\ngpu = 4", "unknown promise 'gpu'; known: mpi, mpi_library, fabric"),
        ("[promises]\ngpus = 0", "a whole number of at least 1"),
        ("[promises]\ngpus = true", "a whole number of at least 1"),
        ('[promises]\nmpi = "lam"', "one of mpich, openmpi, abi"),
        ('[promises]\nfabric = "token-ring"', "one of cxi"),
        ('[promises]\nopencl = "NVIDIA"', "a list"),
        ('[promises]\nmpi_library = "libmpi.so"', "an absolute path"),
        ("promises = 3", "no table"),
        ("[promises", "s.toml"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_site_file_is_one_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, says: str
) -> None:
    site = tmp_path / "s.toml"
    if text is not None:
        site.write_text(text)
    assert main(["doctor", "--site", str(site)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert says in shown.err


def test_no_promise_is_held_that_was_not_looked_at() -> None:
    failed = promises.kept({"mpi": "mpich", "gpus": 1, "fabric": "cxi"}, [])
    assert {each.status for each in failed} == {Status.FAIL}


@pytest.mark.parametrize("words", ["--only mpi,nix", "--nix", "--json /nonexistent/x.json"])
def test_wrong_usage_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert main(["doctor", *words.split()]) == 2
    assert capsys.readouterr().err.count("\n") == 1


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


def test_text_is_aligned_and_plain_where_it_must_be() -> None:
    rows = (
        (Finding("a.b", Status.OK, "é"), ("n1",)),
        (Finding("a.cd", Status.FAIL, "x", "y"), ("n1",)),
    )
    shown = report.as_text(job.Report(("n1",), rows), plain=True).splitlines()
    assert shown[2:5] == ["ok    a.b   \\xe9", "FAIL  a.cd  x", "            -> y"]
    shown = report.as_text(job.Report(("n1",), rows), plain=False).splitlines()
    assert shown[2:5] == ["✓  a.b   é", "✗  a.cd  x", "         → y"]


@pytest.mark.parametrize(
    ("variables", "plain"),
    [
        ({"LANG": "C.UTF-8"}, False), ({"LANG": "tr_TR.utf8"}, False), ({"LC_ALL": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True), ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
    ],
)  # fmt: skip
def test_the_locale_says_which_signs(variables: dict[str, str], plain: bool) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    done = subprocess.run(
        [sys.executable, "-m", "workloads", "doctor", "--quick", "--only", "cpu"],
        env={**environ, **variables, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stderr == b""
    assert done.stdout.isascii() is plain
    assert b"cpu.cores" in done.stdout


def test_findings_of_several_nodes_are_put_together() -> None:
    same, odd = Finding("a.x", Status.OK, "1"), Finding("a.x", Status.WARN, "2")
    merged = job.merged([("n1", [same]), ("n2", [same]), ("n3", [odd])])
    assert merged.hosts == ("n1", "n2", "n3")
    assert merged.findings == ((same, ("n1", "n2")), (odd, ("n3",)))
    assert "2 [n3]" in report.as_text(merged, plain=True)
    many = tuple(f"n{i}" for i in range(9))
    assert report.shortened(many) == "n0, n1, n2, n3 and 5 more"


def test_help_and_a_quick_look_import_nothing_heavy() -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*{'numpy', 'mpi4py', 'numba', 'cupy', 'pyopencl'} & {*sys.modules}, file=sys.stderr)"
    )
    for option in ("--help", "--quick"):
        done = subprocess.run(
            [sys.executable, "-c", code, "doctor", option],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout
        assert done.stderr.split() == []


def test_this_machine_whatever_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    for group in ("mpi.ranks", "fabric.hardware", "gpu.devices", "cpu.cores", "glibc.version"):
        assert group in shown.out
    assert "this check has failed" not in shown.out


def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "doctor" in capsys.readouterr().out


def test_an_older_python_gets_one_line() -> None:
    code = "import sys; sys.version_info = (3, 9); import workloads.preflight"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.count("\n") == 1
