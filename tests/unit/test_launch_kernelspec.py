"""What ``hpcpy kernelspec`` writes and refuses; `tests/launch` starts the kernels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpcpy.cli.commands import run
from hpcpy.core.errors import UsageError
from hpcpy.launch.engines import Container
from hpcpy.launch.kernelspec import kernel_spec, user_kernels
from hpcpy.launch.site import Site

REFERENCE = "registry.example.org/me/hpcpy:1"
KERNEL = ["python3", "-m", "ipykernel_launcher", "-f"]


def test_shifter_has_the_sites_volumes_and_not_its_mpi() -> None:
    site = Site(
        name="centre", summary="", options={"shifter": ("--module=mpich",)}, binds=("/data",)
    )
    image = f"docker:{REFERENCE}"
    spec = kernel_spec("shifter", Container("shifter", image, "", False, ()), site, "x")
    words = [f"--image={image}", "--volume=/data:/data"]
    assert spec["argv"] == ["shifter", *words, *KERNEL, "{connection_file}"]


def test_the_file_lies_where_jupyter_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    assert user_kernels() == tmp_path / ".local/share/jupyter/kernels"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    words = [f"--image={REFERENCE}", "--site=perlmutter-cpu", "--name=HPCpy-1", "--title=My Python"]
    assert run(["kernelspec", *words]) == 0
    path = tmp_path / "data/kernels/hpcpy-1/kernel.json"
    assert capsys.readouterr().out == f"{path}\n"
    spec = json.loads(path.read_text())
    assert (spec["display_name"], spec["language"]) == ("My Python", "python")
    assert spec["interrupt_mode"] == "message"
    assert spec["env"] == {"PYTHONHOME": "", "PYTHONPATH": ""}
    assert "exec podman-hpc run" in spec["argv"][2]
    assert "--mpi" not in spec["argv"][2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--engine=none"], "argument --engine: no 'none'; there are: apptainer, podman-hpc"),
        (["--engine=shifter"], "shifter takes a reference; IMAGE=registry.example.org/me/hpcpy:1"),
        (["--image=/no/such.sif"], "IMAGE=/no/such.sif: no such file"),
        (["--name=a/b"], "--name: a/b cannot name a file"),
        (["--title=a\nb"], "holds a character that cannot be printed"),
    ],
)
def test_what_is_wrong_is_refused(words: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(["kernelspec", f"--to={tmp_path}", *words])
    assert says in str(caught.value)
    assert not list(tmp_path.iterdir())
