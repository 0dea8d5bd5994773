"""The report: promises, exit codes, text that any terminal can show, JSON."""

import json
import os
from pathlib import Path

import pytest

from hpcpy_job.__main__ import main
from hpcpy_job.doctor import checks, network
from hpcpy_job.doctor.checks import Finding, Status

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


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("promise", "says"),
    [
        ('mpi = "mpich"', ""),
        ('mpi = "openmpi"', "MPI's ABI is mpich"),
        ('fabric = "verbs"', "the node has cxi"),
        ("gpus = 5", "4 GPUs answer"),
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[promises]\ngpu = 4", "unknown promise 'gpu'; known: mpi, mpi_library, fabric"),
        ("[promises]\ngpus = 0", "a whole number of at least 1"),
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


@pytest.mark.parametrize(
    ("opened", "size", "ends"),
    [
        ("/dev/shm/mpich_shar_tmpZazLdY", "2", ", shared memory"),  # noqa: S108
        ("socket:[1]", "2", ", no shared memory"),
        ("socket:[1]", "1", "network: unknown"),
        ("socket:[1]", "", "network: unknown"),
    ],
)
def test_the_line_says_of_one_rank_nothing_of_memory(
    monkeypatch: pytest.MonkeyPatch, opened: str, size: str, ends: str
) -> None:
    monkeypatch.setattr(os, "environ", {"PMI_RANK": "0", "PMI_SIZE": size} if size else {})
    assert network.line(frozenset({opened})).endswith(ends)
